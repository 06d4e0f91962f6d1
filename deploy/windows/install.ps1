<#
.SYNOPSIS
Installs a Countersign bridge beside one MetaTrader 5 terminal.

.DESCRIPTION
Run it from the folder it came in, as the Windows user whose session the terminal runs in. It makes a
folder that only this user can read, copies the bridge with its own Python into it, writes its settings,
and registers a task that starts the bridge when the user logs on and within a minute after it has ended,
never twice at a time. The task is enabled by hand, once the bridge is paired. Nothing is downloaded.
Run again, it installs the program anew; settings, journal and pairing are kept.

.PARAMETER Name
What to call this bridge, such as Live1: letters, digits and hyphens. One for each terminal.

.PARAMETER Server
The server's address, host:port.

.PARAMETER Terminal
The terminal's program, such as C:\Program Files\MetaTrader 5\terminal64.exe.

.PARAMETER WithoutTls
The server is on this machine and speaks without encryption.

.EXAMPLE
powershell -ExecutionPolicy Bypass -File .\install.ps1 -Name Live1 -Server bridge.example:443 -Terminal 'C:\Program Files\MetaTrader 5\terminal64.exe'
#>
#Requires -Version 5.1
[CmdletBinding()]
param(
    [Parameter(Mandatory)] [ValidatePattern('^[A-Za-z0-9-]{1,32}$')] [string] $Name,
    [Parameter(Mandatory)] [ValidatePattern('^[A-Za-z0-9.:\[\]-]{1,255}:[0-9]{1,5}$')] [string] $Server,
    [Parameter(Mandatory)] [string] $Terminal,
    [switch] $WithoutTls
)

Set-StrictMode -Version Latest
$ErrorActionPreference = 'Stop'

$folder = Join-Path $env:LOCALAPPDATA "Countersign\$Name"
$config = Join-Path $folder 'bridge.toml'
$program = Join-Path $folder 'program'
$draft = Join-Path $folder 'program.new'
$old = Join-Path $folder 'program.old'
$shipped = Join-Path $PSScriptRoot 'program'
$marker = Join-Path $folder 'was-enabled'
$task = "Countersign bridge $Name"
$installed = Get-ScheduledTask -TaskName $task -ErrorAction SilentlyContinue
# A bridge is enabled by hand, once it is paired; a new version of it then starts by itself. The marker
# is what an installation leaves that was cut off after it had disabled the task.
$wasEnabled = ($installed -and $installed.State -ne 'Disabled') -or (Test-Path $marker)
$user = [Security.Principal.WindowsIdentity]::GetCurrent().Name

. (Join-Path $PSScriptRoot 'stop.ps1')

function Assert-Succeeded([string] $What) {
    if ($LASTEXITCODE -ne 0) { throw "$What ended with $LASTEXITCODE; nothing has been started." }
}

function Get-Filled([string] $Template, [hashtable] $Values) {
    $text = Get-Content -Raw -Encoding UTF8 (Join-Path $PSScriptRoot $Template)
    foreach ($key in $Values.Keys) { $text = $text.Replace("{{$key}}", $Values[$key]) }
    $text
}

function Test-Arguments {
    if (-not (Test-Path -PathType Leaf $Terminal)) {
        throw "-Terminal names $Terminal, which is no file: name the terminal's terminal64.exe."
    }
    if (-not (Test-Path -PathType Leaf (Join-Path $shipped 'python\pythonw.exe'))) {
        throw "$shipped holds no Python: unpack the whole archive and run install.ps1 from there."
    }
    if (($Terminal + $folder).Contains("'")) {
        throw "The path of the terminal or of the user's folder holds a quotation mark ('): the settings cannot."
    }
}

function New-PrivateFolder {
    New-Item -ItemType Directory -Force (Join-Path $folder 'state'), (Join-Path $folder 'logs') | Out-Null
    # The device's secret lies here: nothing inherited, this user and the system alone.
    icacls $folder /inheritance:r /grant:r "${user}:(OI)(CI)F" '*S-1-5-18:(OI)(CI)F' | Out-Null
    Assert-Succeeded 'icacls'
}

function Restore-Program {
    # Cut off between its two renames, an installation leaves the only program there is as the old one.
    if ((Test-Path $old) -and -not (Test-Path $program)) { Move-Item $old $program }
}

function Copy-Program {
    # Beside the bridge that still runs: a copy that fails has cost nothing.
    foreach ($stale in $draft, $old) { if (Test-Path $stale) { Remove-Item -Recurse -Force $stale } }
    Copy-Item -Recurse $shipped $draft
    # Files from the web are marked, and Windows asks about each; these were chosen by who installs them.
    Get-ChildItem -Recurse -File $draft | Unblock-File
}

function Switch-Program {
    # Whole or not at all: a folder in use cannot be renamed, and half a copy is never renamed.
    if (Test-Path $program) { Move-Item $program $old }
    Move-Item $draft $program
}

function Write-Settings {
    if (Test-Path $config) { return }
    $text = Get-Filled 'bridge.template.toml' @{
        SERVER = $Server
        TLS = if ($WithoutTls) { 'false' } else { 'true' }
        FOLDER = $folder
        TERMINAL = (Resolve-Path $Terminal).Path
    }
    # Not Set-Content: its UTF-8 begins with a mark that TOML does not know.
    [IO.File]::WriteAllText($config, $text)
}

function Register-Task {
    $values = @{
        USER = $user
        # Without a window that somebody could close.
        PYTHON = Join-Path $program 'python\pythonw.exe'
        CONFIG = $config
        FOLDER = $folder
    }
    foreach ($key in @($values.Keys)) { $values[$key] = [Security.SecurityElement]::Escape($values[$key]) }
    Register-ScheduledTask -TaskName $task -Xml (Get-Filled 'task.xml' $values) -Force | Out-Null
    if (-not $wasEnabled) { Disable-ScheduledTask -TaskName $task | Out-Null }
}

function Enable-AsBefore {
    if ($wasEnabled -and (Get-ScheduledTask -TaskName $task -ErrorAction SilentlyContinue)) {
        Enable-ScheduledTask -TaskName $task | Out-Null
    }
    if (Test-Path $marker) { Remove-Item -Force $marker }
}

Test-Arguments
New-PrivateFolder
Restore-Program
Copy-Program
if ($wasEnabled) { New-Item -ItemType File -Force $marker | Out-Null }
try {
    Stop-Bridge $task $program
    Switch-Program
    Write-Settings
    Register-Task
}
catch {
    # What ran before runs again: the old program where the new one did not get its place.
    Restore-Program
    throw
}
finally {
    Enable-AsBefore
}
# One that cannot be removed yet is removed by the next installation.
if (Test-Path $old) { Remove-Item -Recurse -Force $old -ErrorAction SilentlyContinue }

$command = "& '$(Join-Path $program 'countersign-bridge.cmd')'"
Write-Host @"
Installed in $folder. With the terminal running and logged in:
  $command pair CODE      (once; the code is on the account's page)
  $command doctor         (names what is still missing)
  Enable-ScheduledTask -TaskName '$task'      (it starts within a minute)
"@
