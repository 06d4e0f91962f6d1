"""The whole product on one machine, from database to simulated terminal, and the story it tells."""
