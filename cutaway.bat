@echo off
rem Starts Cutaway on Windows: finds a JDK, builds once (and again when a source has changed), runs the program.
rem
rem   cutaway.bat [ARGUMENTS]               see cutaway.bat --help
rem   cutaway.bat --fetch-jdk [ARGUMENTS]   first downloads a JDK if none is there
rem
rem Environment: JAVA_HOME, CUTAWAY_JAVA_OPTS, CUTAWAY_JDK_API as in the script for Unix next to this one.
setlocal EnableExtensions DisableDelayedExpansion
set "OLDEST=25"
set "ROOT=%~dp0"
if "%ROOT:~-1%"=="\" set "ROOT=%ROOT:~0,-1%"
set "STATE=%ROOT%\.cutaway"
set "STORE=%LOCALAPPDATA%\cutaway\jdk"

set "ARGUMENTS=%*"
set "FETCH="
if not "%~1"=="--fetch-jdk" goto :find
set "FETCH=yes"
rem Everything after the first argument, as it was written.
for /f "tokens=1,* delims= " %%a in ("%*") do set "ARGUMENTS=%%b"

:find
set "JDK="
if defined JAVA_HOME call :try "%JAVA_HOME%"
if not defined JDK for /f "delims=" %%j in ('where javac 2^>nul') do if not defined JDK call :try "%%~dpj.."
for %%r in ("%ProgramFiles%\Eclipse Adoptium" "%ProgramFiles%\Java" "%ProgramFiles%\Microsoft" "%ProgramFiles%\Zulu" "%ProgramFiles%\Amazon Corretto" "%ProgramFiles%\BellSoft" "%USERPROFILE%\.jdks" "%USERPROFILE%\.sdkman\candidates\java" "%USERPROFILE%\scoop\apps" "%STORE%") do (
  if not defined JDK for /d %%d in ("%%~r\*") do if not defined JDK (
    call :try "%%~d"
    if not defined JDK call :try "%%~d\current"
  )
)
if defined JDK goto :found
if defined FETCH goto :fetch
>&2 echo cutaway: no JDK %OLDEST% or newer found: install one, e.g. from https://adoptium.net, and set JAVA_HOME to it, or let cutaway.bat --fetch-jdk download it (about 140 MB)
exit /b 4

:fetch
if not defined CUTAWAY_JDK_API set "CUTAWAY_JDK_API=https://api.adoptium.net"
set "ARCH=x64"
if /i "%PROCESSOR_ARCHITECTURE%"=="ARM64" set "ARCH=aarch64"
>&2 echo Looking for JDK %OLDEST% (windows, %ARCH%) at %CUTAWAY_JDK_API%
powershell -NoProfile -ExecutionPolicy Bypass -Command "$ErrorActionPreference='Stop'; $ProgressPreference='SilentlyContinue'; try { $p=@(Invoke-RestMethod ($env:CUTAWAY_JDK_API+'/v3/assets/latest/'+$env:OLDEST+'/hotspot?architecture='+$env:ARCH+'&image_type=jdk&os=windows&vendor=eclipse'))[0].binary.package; New-Item -ItemType Directory -Force $env:STORE | Out-Null; $zip=Join-Path $env:STORE 'fetching.zip'; [Console]::Error.WriteLine('Downloading '+$p.link); Invoke-WebRequest -UseBasicParsing $p.link -OutFile $zip; $sum=(Get-FileHash -Algorithm SHA256 $zip).Hash; if ($sum -ne $p.checksum) { throw ('SHA-256 is '+$sum+', but '+$p.checksum+' was announced; try again') }; Expand-Archive -Force $zip $env:STORE; Remove-Item $zip } catch { [Console]::Error.WriteLine('cutaway: the JDK could not be downloaded: '+$_.Exception.Message); exit 4 }"
if errorlevel 1 exit /b 4
set "FETCH="
goto :find

:found
rem What a build depends on: date, time, size and name of every source, as dir prints them (its other lines name free space).
if not exist "%STATE%" mkdir "%STATE%"
(
  dir /a-d /-c "%ROOT%\pom.xml"
  for /d %%m in ("%ROOT%\cutaway-*") do dir /a-d /-c /s "%%~m\pom.xml" "%%~m\src\main" 2>nul
) | findstr /r /c:"^[0-9]" >"%STATE%\sources.new"
if not exist "%STATE%\runtime" goto :build
if not exist "%STATE%\sources" goto :build
fc /b "%STATE%\sources" "%STATE%\sources.new" >nul 2>nul
if errorlevel 1 goto :build
goto :start

:build
>&2 echo Building Cutaway (the log is %STATE%\build.log)
if exist "%STATE%\sources" del "%STATE%\sources"
if exist "%ROOT%\cutaway-cli\target\runtime" rmdir /s /q "%ROOT%\cutaway-cli\target\runtime"
del /q "%ROOT%\cutaway-cli\target\cutaway-cli-*.jar" 2>nul
set "JAVA_HOME=%JDK%"
set "MAVEN=mvnw.cmd"
where mvn >nul 2>nul && set "MAVEN=mvn"
pushd "%ROOT%"
call %MAVEN% -B -Pfast -Dmaven.test.skip=true -Dmaven.source.skip=true -pl cutaway-cli -am package >"%STATE%\build.log" 2>&1
set "BUILT=%ERRORLEVEL%"
popd
if not "%BUILT%"=="0" (
  >&2 findstr /b /c:"[ERROR]" "%STATE%\build.log"
  >&2 echo cutaway: the build failed; the whole log is %STATE%\build.log. The first build needs a network that reaches Maven Central
  exit /b 4
)
if exist "%STATE%\runtime" rmdir /s /q "%STATE%\runtime"
mkdir "%STATE%\runtime"
copy /y "%ROOT%\cutaway-cli\target\runtime\*.jar" "%STATE%\runtime" >nul
copy /y "%ROOT%\cutaway-cli\target\cutaway-cli-*.jar" "%STATE%\runtime" >nul
if errorlevel 1 (
  >&2 echo cutaway: %STATE%\runtime: cannot be written; is another Cutaway running, or the disk full?
  exit /b 4
)
move /y "%STATE%\sources.new" "%STATE%\sources" >nul

:start
rem A descriptor cannot be handed over here as on Unix: the JVM's one line about its incubating module stays.
"%JDK%\bin\java.exe" -XX:+UseSerialGC -Xms24m -XX:-UsePerfData -XX:+DisplayVMOutputToStderr -Xlog:disable --add-modules=jdk.incubator.vector --enable-native-access=ALL-UNNAMED "-Dcutaway.home=%ROOT%" %CUTAWAY_JAVA_OPTS% -cp "%STATE%\runtime\*" dev.cutaway.cli.Main %ARGUMENTS%
exit /b %ERRORLEVEL%

rem Sets JDK if the directory holds a JDK that is new enough, by its release file.
:try
if not exist "%~1\bin\javac.exe" exit /b
if not exist "%~1\release" exit /b
for /f "usebackq tokens=2 delims==." %%v in (`findstr /b /c:"JAVA_VERSION=" "%~1\release"`) do set "MAJOR=%%~v"
set "MAJOR=%MAJOR:"=%"
if %MAJOR% GEQ %OLDEST% set "JDK=%~f1"
exit /b
