"""What stops trading before more is lost than its owner wants to lose."""
