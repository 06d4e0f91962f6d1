<#
.SYNOPSIS
Removes a Countersign bridge that install.ps1 installed.

.DESCRIPTION
Ends the bridge, removes its task and its program. The journal, the pairing, the settings and the logs
stay until -RemoveState is given: while a command is in doubt, the journal is what settles it.
Revoke the device on the account's page as well.

.PARAMETER Name
The name it was installed under.

.PARAMETER RemoveState
Also remove journal, pairing, settings and logs.
#>
#Requires -Version 5.1
[CmdletBinding()]
param(
    [Parameter(Mandatory)] [ValidatePattern('^[A-Za-z0-9-]{1,32}$')] [string] $Name,
    [switch] $RemoveState
)

Set-StrictMode -Version Latest
$ErrorActionPreference = 'Stop'

$folder = Join-Path $env:LOCALAPPDATA "Countersign\$Name"
$task = "Countersign bridge $Name"

. (Join-Path $PSScriptRoot 'stop.ps1')

# A program that still runs keeps its files; and its task is only removed once it has ended.
Stop-Bridge $task (Join-Path $folder 'program')
if (Get-ScheduledTask -TaskName $task -ErrorAction SilentlyContinue) {
    Unregister-ScheduledTask -TaskName $task -Confirm:$false
}
if (-not (Test-Path $folder)) {
    Write-Host "There is no bridge called $Name in $folder."
    return
}
$removed = if ($RemoveState) { , $folder } else { 'program', 'program.old', 'program.new', 'was-enabled' | ForEach-Object { Join-Path $folder $_ } }
foreach ($path in $removed) {
    if (Test-Path $path) {
        Remove-Item -Recurse -Force $path
        Write-Host "Removed $path."
    }
}
