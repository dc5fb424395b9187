#!/bin/sh
# Creates what CAP's containers need and no image contains: tokens, keys and a certificate. Never overwrites anything.
#
#   make-secrets.sh [--dev-issuer] [--host NAME]... DIR
#   make-secrets.sh --prepare WHAT [--host NAME]... DIR    renews WHAT, which is certificate, verifier, backup or operator (the
#   make-secrets.sh --switch WHAT DIR                      token of that client), in three steps: both are accepted; the new one
#   make-secrets.sh --finish WHAT DIR                      is used; only the new one is accepted. After each step the services
#                                                          have to load it: docs/install/certificates.md
#
#   DIR/tokens/{verifier,backup,operator}.{token,sha256}   who calls the registry and the backup worker
#   DIR/keys/log.key                                       signs the registry's log
#   DIR/keys/backup.{key,json,pub}                         signs backups; keep a copy of backup.pub elsewhere
#   DIR/certs/{tls.crt,tls.key,ca.crt}                     self-signed, for localhost, the services' names and each --host
#   DIR/dev-issuer/, DIR/config/public.pem                 --dev-issuer: an issuer of access tokens for a trial
#
# Needs openssl, and cap on PATH or as CAP='docker run ... cap'. The containers run as user 1000; if this runs as root, that
# user gets the files.
set -eu
umask 077

service_user=1000

say() { echo "make-secrets: $*"; }
die() {
  echo "make-secrets: $*" >&2
  exit 64
}
# quietly COMMAND...: shows its output only if it fails.
quietly() {
  words=$("$@" 2>&1) || {
    echo "make-secrets: $1 failed: $words" >&2
    exit 70
  }
}
cap() {
  # CAP may be a command with arguments.
  # shellcheck disable=SC2086
  command ${CAP:-cap} "$@"
}

with_issuer=no
hosts=
renewal=
what=
while [ $# -gt 0 ]; do
  case $1 in
    --dev-issuer) with_issuer=yes ;;
    --host)
      shift
      case ${1-} in
        '' | *[!A-Za-z0-9.:*-]*) die "--host wants a DNS name or an IP address, not '${1-}'" ;;
      esac
      hosts="$hosts $1"
      ;;
    --prepare | --switch | --finish)
      [ -z "$renewal" ] || die 'one step at a time'
      renewal=${1#--}
      shift
      what=${1-}
      case $what in
        certificate | verifier | backup | operator) ;;
        *) die "--$renewal wants certificate, verifier, backup or operator, not '$what'" ;;
      esac
      ;;
    -h | --help)
      sed -n '2,/^set/s/^# \{0,1\}//p' "$0"
      exit 0
      ;;
    -*) die "unknown option $1 (there are --dev-issuer, --host NAME, --prepare, --switch and --finish WHAT)" ;;
    *) break ;;
  esac
  shift
done
[ $# -eq 1 ] || die 'name one directory that the files go to'
command -v openssl > /dev/null || die 'openssl is not installed'
[ -n "$renewal" ] || cap --version > /dev/null || die "no program cap that works: put it on PATH, or name it as CAP='docker run ... cap'"
[ -z "$renewal" ] || [ -d "$1" ] || die "there is no $1 in which something could be renewed"
mkdir -p "$1"
dir=$(cd "$1" && pwd)

# A work directory beside the files, so that a name appears only once its content is complete.
work=$(mktemp -d "$dir/.making-XXXXXX")
trap 'rm -rf "$work"' EXIT
trap 'exit 75' HUP INT TERM

# place DIRECTORY FILE...: moves finished files that belong together out of the work directory.
place() {
  target=$1
  shift
  for file in "$@"; do
    wanted "$target/$file" || die "$dir/$target/$file is there without what belongs to it: move it away, or put the rest beside it"
  done
  [ -d "$dir/$target" ] || { mkdir "$dir/$target" && own "$dir/$target"; }
  for file in "$@"; do
    own "$work/$file"
    mv "$work/$file" "$dir/$target/"
  done
  say "made $*"
}

# wanted FILE: it has to be created. An engine that was started too early has left an empty directory in its place.
wanted() {
  if [ -d "$dir/$1" ]; then
    rmdir "$dir/$1" 2> /dev/null || die "$dir/$1 is a directory: move it away"
    say "removed the empty directory $1; containers that were started before have to be recreated: docker compose up --force-recreate"
  fi
  [ ! -e "$dir/$1" ]
}

# own PATH: lets the containers' user read it.
own() { [ "$(id -u)" -ne 0 ] || chown -R $service_user:$service_user "$1"; }

make_tokens() {
  for client in verifier backup operator; do
    wanted "tokens/$client.token" || continue
    openssl rand -base64 32 | tr -d '\n' > "$work/$client.token"
    printf '%s\n' "$(hash_of "$work/$client.token")" > "$work/$client.sha256"
    place tokens $client.sha256 $client.token
  done
}

make_log_key() {
  wanted keys/log.key || return 0
  quietly openssl genpkey -algorithm ed25519 -out "$work/log.key"
  place keys log.key
}

make_backup_key() {
  wanted keys/backup.key || return 0
  quietly cap keys generate --keys "$work/backup" --owner 'backup worker' --usage backup
  for ending in pub json key; do
    mv "$work"/backup/*.$ending "$work/backup.$ending"
  done
  chmod 0644 "$work/backup.pub"
  place keys backup.json backup.pub backup.key
}

# named_by HOST: the existing certificate covers this host.
named_by() {
  case $1 in
    *:* | *[0-9].*[0-9]) openssl x509 -noout -checkip "$1" -in "$dir/certs/tls.crt" ;;
    *) openssl x509 -noout -checkhost "$1" -in "$dir/certs/tls.crt" ;;
  esac | grep -q 'does match'
}

# self_signed NAMES: creates tls.key and tls.crt in the work directory.
self_signed() {
  # Not this machine's openssl configuration, which would make it a certificate authority: every container has its key.
  printf '[req]\ndistinguished_name=dn\n[dn]\n' > "$work/openssl.cnf"
  # Its own subject: of two certificates with the same subject in a ca.crt, OpenSSL and Node trust only the first.
  quietly openssl req -x509 -config "$work/openssl.cnf" -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 365 \
    -subj "/CN=cap $(date -u +%Y-%m-%d) $(openssl rand -hex 4)" \
    -addext "subjectAltName=$1" -addext 'basicConstraints=critical,CA:FALSE' -addext 'extendedKeyUsage=serverAuth' \
    -keyout "$work/tls.key" -out "$work/tls.crt"
  chmod 0644 "$work/tls.crt"
}

# names_of HOST...: in the form of a subject alternative name.
names_of() {
  for host in "$@"; do
    case $host in
      *:*) kind=IP ;;
      *[!0-9.]*) kind=DNS ;;
      *) kind=IP ;;
    esac
    printf ',%s:%s' "$kind" "$host"
  done
}

make_certificate() {
  if ! wanted certs/tls.crt; then
    for host in $hosts; do
      named_by "$host" || die "$dir/certs/tls.crt does not name $host: renew it with that --host, or move certs/ away, and one that does is made"
    done
    return 0
  fi
  # shellcheck disable=SC2086 # a word for each host
  names=DNS:localhost,IP:127.0.0.1,IP:::1$(names_of cap-verifier cap-registry cap-backup cap-verifier-svc \
    '*.cap-system.svc' '*.cap-system.svc.cluster.local' $hosts)
  self_signed "$names"
  # Whoever trusts ca.crt trusts this certificate, and no other.
  cp -p "$work/tls.crt" "$work/ca.crt"
  place certs tls.key ca.crt tls.crt
  say 'the certificate is self-signed, for development: put that of your authority in its place before others call'
}

# replace FILE PATH: replaces a file with a finished one from the work directory.
replace() {
  own "$work/$1"
  mv "$work/$1" "$dir/$2"
}

# How many certificates a file contains, and the last of them.
count_of() { grep -c -e '-BEGIN CERTIFICATE-' "$1" || true; }
last_of() { awk '/-BEGIN CERTIFICATE-/ { text = "" } { text = text $0 "\n" } END { printf "%s", text }' "$1"; }

prepare_certificate() {
  [ -e "$dir/certs/tls.crt" ] || die "there is no $dir/certs/tls.crt: without a step this makes one"
  cmp -s "$dir/certs/tls.crt" "$dir/certs/ca.crt" || [ -d "$dir/certs/next" ] \
    || die "$dir/certs/ca.crt is not the certificate in use alone: end the renewal before with --finish, or renew it as its authority says"
  if [ ! -d "$dir/certs/next" ]; then
    # The names of the certificate in use, plus the new ones.
    names=$(openssl x509 -noout -ext subjectAltName -in "$dir/certs/tls.crt" | sed -n '2s/IP Address:/IP:/g; 2s/ //gp')
    # shellcheck disable=SC2086
    self_signed "$names$(names_of $hosts)"
    mkdir "$work/next"
    mv "$work/tls.key" "$work/tls.crt" "$work/next/"
    replace next certs/
  fi
  # Also rewritten after an interruption.
  cat "$dir/certs/tls.crt" "$dir/certs/next/tls.crt" > "$work/ca.crt"
  chmod 0644 "$work/ca.crt"
  replace ca.crt certs/
  say 'certs/ca.crt holds old and new. Restart whoever calls a service, then --switch certificate'
}

switch_certificate() {
  [ -d "$dir/certs/next" ] || die "no certificate is prepared in $dir/certs/next: --prepare certificate comes first"
  [ "$(last_of "$dir/certs/ca.crt")" = "$(cat "$dir/certs/next/tls.crt")" ] \
    || die "$dir/certs/ca.crt does not end with the prepared certificate: --prepare certificate again"
  # The key first; copied, so that an interrupted switch can be run again.
  for file in tls.key tls.crt; do
    cp -p "$dir/certs/next/$file" "$work/$file"
    replace $file certs/
  done
  rm -r "$dir/certs/next"
  say 'certs/tls.crt is the new one; services load it within 30 s, copies of it have to be made again. Then --finish certificate'
}

finish_certificate() {
  [ ! -d "$dir/certs/next" ] || die 'the new certificate is not in use yet: --switch certificate comes first'
  case $(count_of "$dir/certs/ca.crt") in
    1) ;;
    2)
      [ "$(last_of "$dir/certs/ca.crt")" = "$(cat "$dir/certs/tls.crt")" ] \
        || die "$dir/certs/ca.crt does not end with the certificate in use: this step did not make it"
      ;;
    *) die "$dir/certs/ca.crt holds others than the old and the new certificate: take the old one out yourself" ;;
  esac
  cp -p "$dir/certs/tls.crt" "$work/ca.crt"
  replace ca.crt certs/
  say 'certs/ca.crt holds the new certificate alone. Restart whoever calls a service'
}

# write PATH: writes stdin into the existing file, because a container keeps seeing the file that was mounted.
write() { cat > "$dir/$1"; }
hash_of() { printf 'sha256:%s' "$(openssl dgst -sha256 -r "$1" | cut -d' ' -f1)"; }

prepare_token() {
  [ -e "$dir/tokens/$1.token" ] || die "there is no $dir/tokens/$1.token: without a step this makes one"
  if [ ! -e "$dir/tokens/$1.next" ]; then
    openssl rand -base64 32 | tr -d '\n' > "$work/$1.next"
    replace "$1.next" tokens/
  fi
  printf '%s,%s\n' "$(hash_of "$dir/tokens/$1.token")" "$(hash_of "$dir/tokens/$1.next")" | write "tokens/$1.sha256"
  say "tokens/$1.sha256 holds two hashes. Let whoever is called take them in, then --switch $1"
}

switch_token() {
  [ -e "$dir/tokens/$1.next" ] || die "no token is prepared in $dir/tokens/$1.next: --prepare $1 comes first"
  grep -q "$(hash_of "$dir/tokens/$1.next")" "$dir/tokens/$1.sha256" \
    || die "$dir/tokens/$1.sha256 does not have the hash of the prepared token: --prepare $1 again"
  write "tokens/$1.token" < "$dir/tokens/$1.next"
  rm "$dir/tokens/$1.next"
  say "tokens/$1.token is the new one. Let whoever calls with it take it in, then --finish $1"
}

finish_token() {
  [ ! -e "$dir/tokens/$1.next" ] || die "the new token is not in use yet: --switch $1 comes first"
  printf '%s\n' "$(hash_of "$dir/tokens/$1.token")" | write "tokens/$1.sha256"
  say "tokens/$1.sha256 holds the new hash alone. Let whoever is called take it in"
}

make_issuer() {
  if [ ! -e "$dir/dev-issuer" ]; then
    quietly cap dev issuer --out "$work/dev-issuer"
    place . dev-issuer
    say 'whoever has dev-issuer makes access tokens; name your own issuer before others call'
  fi
  if [ ! -e "$dir/config/public.pem" ]; then
    cp "$dir/dev-issuer/public.pem" "$work/public.pem"
    chmod 0644 "$work/public.pem"
    place config public.pem
  fi
}

if [ -n "$renewal" ]; then
  case $what in
    certificate) "${renewal}_certificate" ;;
    *) "${renewal}_token" "$what" ;;
  esac
  exit 0
fi

# Only that user may enter these directories, even if an engine has created them.
for name in tokens keys certs; do
  mkdir -p "$dir/$name"
  chmod 0700 "$dir/$name"
  [ "$(id -u)" -ne 0 ] || chown $service_user:$service_user "$dir/$name"
done
make_certificate
make_tokens
make_log_key
make_backup_key
[ $with_issuer = no ] || make_issuer
if [ "$(id -u)" -ne 0 ] && [ "$(id -u)" -ne $service_user ]; then
  say "these files belong to user $(id -u), and containers of user $service_user can't read them."
  say "For Compose: sudo chown -R $service_user:$service_user '$dir/tokens' '$dir/keys' '$dir/certs' (kubectl reads them as they are)"
fi
say 'done'
