#!/bin/sh
# Makes what the containers of CAP need and no image holds: tokens, keys and a certificate. Never overwrites anything: run it
# again after removing what is to be made anew.
#
#   make-secrets.sh [--dev-issuer] [--host NAME]... DIR
#
#   DIR/tokens/{verifier,backup,operator}.{token,sha256}   who calls the registry and the backup worker
#   DIR/keys/log.key                                       signs the registry's log
#   DIR/keys/backup.{key,json,pub}                         signs backups; keep a copy of backup.pub elsewhere
#   DIR/certs/{tls.crt,tls.key,ca.crt}                     self-signed, for localhost, the services' names and each --host
#   DIR/dev-issuer/, DIR/config/public.pem                 --dev-issuer: an issuer of access tokens for trying it out
#
# Needs openssl, and cap on PATH or as CAP='docker run ... cap'. The containers run as user 1000: as root, the files are given
# to it.
set -eu
umask 077

service_user=1000

say() { echo "make-secrets: $*"; }
die() {
  echo "make-secrets: $*" >&2
  exit 64
}
# quietly COMMAND...: its words are shown only if it fails.
quietly() {
  words=$("$@" 2>&1) || {
    echo "make-secrets: $1 failed: $words" >&2
    exit 70
  }
}
cap() {
  # CAP is a command with its arguments.
  # shellcheck disable=SC2086
  command ${CAP:-cap} "$@"
}

with_issuer=no
hosts=
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
    -h | --help)
      sed -n '2,/^set/s/^# \{0,1\}//p' "$0"
      exit 0
      ;;
    -*) die "unknown option $1 (there are --dev-issuer and --host NAME)" ;;
    *) break ;;
  esac
  shift
done
[ $# -eq 1 ] || die 'name one directory that the files go to'
command -v openssl > /dev/null || die 'openssl is not installed'
cap --version > /dev/null || die "no program cap that works: put it on PATH, or name it as CAP='docker run ... cap'"
mkdir -p "$1"
dir=$(cd "$1" && pwd)

# A directory of work beside the files, so that a name appears only once its content is whole.
work=$(mktemp -d "$dir/.making-XXXXXX")
trap 'rm -rf "$work"' EXIT
trap 'exit 75' HUP INT TERM

# place DIRECTORY FILE...: moves finished files, which belong together, out of the directory of work.
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

# wanted FILE: it is to be made. An engine that was started too early has made an empty directory in its place.
wanted() {
  if [ -d "$dir/$1" ]; then
    rmdir "$dir/$1" 2> /dev/null || die "$dir/$1 is a directory: move it away"
    say "removed the empty directory $1; containers that were started before have to be made anew: docker compose up --force-recreate"
  fi
  [ ! -e "$dir/$1" ]
}

# own PATH: the containers' user may read it.
own() { [ "$(id -u)" -ne 0 ] || chown -R $service_user:$service_user "$1"; }

make_tokens() {
  for client in verifier backup operator; do
    wanted "tokens/$client.token" || continue
    openssl rand -base64 32 | tr -d '\n' > "$work/$client.token"
    hash=$(openssl dgst -sha256 -r "$work/$client.token" | cut -d' ' -f1)
    printf 'sha256:%s\n' "$hash" > "$work/$client.sha256"
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

# named_by HOST: the certificate that is there is for it, too.
named_by() {
  case $1 in
    *:* | *[0-9].*[0-9]) openssl x509 -noout -checkip "$1" -in "$dir/certs/tls.crt" ;;
    *) openssl x509 -noout -checkhost "$1" -in "$dir/certs/tls.crt" ;;
  esac | grep -q 'does match'
}

make_certificate() {
  if ! wanted certs/tls.crt; then
    for host in $hosts; do
      named_by "$host" || die "$dir/certs/tls.crt does not name $host: move certs/ away, and one that does is made"
    done
    return 0
  fi
  names='DNS:localhost,IP:127.0.0.1,IP:::1'
  for name in cap-verifier cap-registry cap-backup cap-verifier-svc; do
    names="$names,DNS:$name"
  done
  for domain in cap-system.svc cap-system.svc.cluster.local; do
    names="$names,DNS:*.$domain"
  done
  for host in $hosts; do
    case $host in
      *:*) kind=IP ;;
      *[!0-9.]*) kind=DNS ;;
      *) kind=IP ;;
    esac
    names="$names,$kind:$host"
  done
  # No configuration of this machine's openssl, which would make an authority of it: its key lies in every container.
  printf '[req]\ndistinguished_name=dn\n[dn]\n' > "$work/openssl.cnf"
  quietly openssl req -x509 -config "$work/openssl.cnf" -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 365 -subj /CN=cap \
    -addext "subjectAltName=$names" -addext 'basicConstraints=critical,CA:FALSE' -addext 'extendedKeyUsage=serverAuth' \
    -keyout "$work/tls.key" -out "$work/tls.crt"
  # Whoever trusts ca.crt trusts this certificate, and no other.
  cp "$work/tls.crt" "$work/ca.crt"
  chmod 0644 "$work/tls.crt" "$work/ca.crt"
  place certs tls.key ca.crt tls.crt
  say 'the certificate is self-signed, for development: put that of your authority in its place before others call'
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

# The way to each of them is theirs alone, also where an engine has made the directory.
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
