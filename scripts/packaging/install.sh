#!/bin/sh
# Installs the executable of Yurt @VERSION@ for this machine, after it has compared the checksum of the download.
#
#   curl -fsSL @URL@/install.sh | sh
#
# Variables:
#   YURT_INSTALL_DIR   folder of the executable; by default /usr/local/bin if it is writable, else ~/.local/bin
#   YURT_DOWNLOAD_URL  where the files of this release are, for a mirror
#
# The script never asks for root's password. It writes the executable and nothing else.

set -eu

# Everything is in a function, so that a script of which a part was lost on the way does nothing.
main() {
  version='@VERSION@'
  url="${YURT_DOWNLOAD_URL:-@URL@}"
  url="${url%/}"
  [ -n "$url" ] || fail 'This script does not know its address. Set YURT_DOWNLOAD_URL to the URL of the release.'

  # One assignment each: the shell ends only when the last command of an assignment fails.
  system="$(system)"
  processor="$(processor)"
  target="$system-$processor$(c_library)"
  archive="yurt-$version-$target.tar.gz"
  folder="${YURT_INSTALL_DIR:-$(default_folder)}"

  work="$(mktemp -d)"
  trap 'rm -rf "$work"' EXIT
  trap 'exit 1' HUP INT TERM
  say "Downloading $archive"
  download "$url/SHA256SUMS" "$work/SHA256SUMS"
  download "$url/$archive" "$work/$archive"
  verify "$work" "$archive"

  tar -xzf "$work/$archive" -C "$work"
  mkdir -p "$folder" || fail "The folder $folder cannot be made. Set YURT_INSTALL_DIR to one that you can write to."
  # Renamed into place: a running server keeps the file that it was started from.
  cp "$work/yurt-$version-$target/yurt" "$folder/.yurt.new" ||
    fail "$folder cannot be written. Set YURT_INSTALL_DIR to a folder of yours, or run the script as root."
  chmod 755 "$folder/.yurt.new"
  if ! installed="$("$folder/.yurt.new" version)"; then
    rm -f "$folder/.yurt.new"
    fail 'The executable does not run on this machine, and was not installed. It needs a processor with SSE4.2 (x64), and on Alpine: apk add libstdc++'
  fi
  mv -f "$folder/.yurt.new" "$folder/yurt"

  say "Installed $installed in $folder"
  case ":$PATH:" in
    *":$folder:"*) say 'Start it: yurt' ;;
    *) say "Start it: $folder/yurt ($folder is not in PATH)" ;;
  esac
}

system() {
  case "$(uname -s)" in
    Linux) echo linux ;;
    Darwin) echo darwin ;;
    *) fail "There is no executable for $(uname -s). On Windows, unpack the zip archive of the release." ;;
  esac
}

processor() {
  case "$(uname -m)" in
    x86_64 | amd64)
      # A shell that Rosetta translates reports the processor that it imitates.
      if [ "$(sysctl -n sysctl.proc_translated 2> /dev/null || true)" = 1 ]; then echo arm64; else echo x64; fi
      ;;
    aarch64 | arm64) echo arm64 ;;
    *) fail "There is no executable for the processor $(uname -m)." ;;
  esac
}

c_library() {
  if [ "$(uname -s)" = Linux ] && ls /lib/ld-musl-*.so.1 > /dev/null 2>&1 && ! ls /lib*/ld-linux-*.so.* > /dev/null 2>&1; then
    echo -musl
  fi
}

default_folder() {
  if [ -w /usr/local/bin ]; then echo /usr/local/bin; else echo "$HOME/.local/bin"; fi
}

download() {
  if command -v curl > /dev/null; then
    curl -fsSL --retry 3 -o "$2" "$1" || fail "$1 cannot be downloaded."
  elif command -v wget > /dev/null; then
    wget -q -O "$2" "$1" || fail "$1 cannot be downloaded."
  else
    fail 'Neither curl nor wget is installed. Install one of them.'
  fi
}

verify() {
  expected="$(awk -v name="$2" '$2 == name { print $1 }' "$1/SHA256SUMS")"
  [ -n "$expected" ] || fail "SHA256SUMS does not name $2. The release is incomplete."
  if command -v sha256sum > /dev/null; then
    actual="$(sha256sum "$1/$2" | cut -d ' ' -f 1)"
  elif command -v shasum > /dev/null; then
    actual="$(shasum -a 256 "$1/$2" | cut -d ' ' -f 1)"
  else
    fail 'Neither sha256sum nor shasum is installed, so the download cannot be verified. Install one of them.'
  fi
  [ "$actual" = "$expected" ] ||
    fail "The checksum of $2 is $actual, and SHA256SUMS says $expected. Nothing was installed."
}

say() {
  printf '%s\n' "$*"
}

fail() {
  printf 'yurt: %s\n' "$*" >&2
  exit 1
}

main
