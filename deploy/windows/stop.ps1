# What install.ps1 and uninstall.ps1 share: ending a bridge, and knowing that it has ended.

function Get-RunningBridge([string] $Program) {
    Get-Process 'python', 'pythonw' -ErrorAction SilentlyContinue | Where-Object {
        $_.Path -and $_.Path.StartsWith("$Program\", [StringComparison]::OrdinalIgnoreCase)
    }
}

function Stop-Bridge([string] $Task, [string] $Program) {
    if (Get-ScheduledTask -TaskName $Task -ErrorAction SilentlyContinue) {
        Disable-ScheduledTask -TaskName $Task | Out-Null
        Stop-ScheduledTask -TaskName $Task
    }
    # Its terminal process ends by itself, a moment later.
    foreach ($second in 1..30) {
        if (-not (Get-RunningBridge $Program)) { return }
        Start-Sleep -Seconds 1
    }
    throw "A program in $Program still runs: end it, then run this again. Nothing has been changed."
}
