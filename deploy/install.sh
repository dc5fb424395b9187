#!/bin/sh
# Installs CAP from the directory this script is in: programs, user, directories and any configuration that is missing.
# Run it again to upgrade, or after it was interrupted; it never overwrites configuration, keys or data.
#
#   ./install.sh          what a server needs; you fill in issuer, tokens, keys and certificate
#   ./install.sh --all    also tokens, keys, a certificate and a token issuer for a trial: replace the last two
set -eu
umask 077

user=cap-verifier
etc=/etc/cap-verifier
data=/var/lib/cap-verifier
backups=/backups/cap-verifier
here=$(cd "$(dirname "$0")" && pwd)
programs='cap cap-verifier-api cap-registry cap-backup-worker'
bin=/usr/local/bin
status=0
PATH=$bin:$PATH:/usr/sbin:/sbin

say() { echo "install: $*"; }
die() {
  echo "install: $*" >&2
  exit 1
}
# incomplete MESSAGE: reports a failure but lets the rest be installed.
incomplete() {
  echo "install: INCOMPLETE: $*" >&2
  status=1
}
# quietly COMMAND...: shows its output only if it fails.
quietly() { words=$("$@" 2>&1) || die "$1 failed: $words"; }

case "$*" in
  '') all=no ;;
  --all) all=yes ;;
  -h | --help)
    sed -n '2,/^set/s/^# \{0,1\}//p' "$0"
    exit 0
    ;;
  *) die "unknown arguments: $* (there is only --all)" ;;
esac
[ "$(id -u)" -eq 0 ] || die 'run it as root'
[ $all = no ] || command -v openssl > /dev/null || die '--all makes a certificate with openssl, which is not installed'

# --- every installation

check_release() {
  (cd "$here" && sha256sum --check --quiet SHA256SUMS) ||
    die "$here is not what was released, nothing is changed: copy it again"
}

install_programs() {
  # All or none. The file of a running program can't be written to, but another file can be renamed over it.
  for program in $programs; do
    cp "$here/$program" "$bin/.$program.new"
    chmod 0755 "$bin/.$program.new"
  done
  for program in $programs; do
    mv -f "$bin/.$program.new" "$bin/$program"
  done
  say "programs: $($bin/cap --version) in $bin"
}

make_user() {
  getent passwd $user > /dev/null && return
  useradd --system --user-group --home-dir $data --no-create-home --shell /usr/sbin/nologin $user
  say "user $user"
}

# directory MODE OWNER PATH...
directory() {
  mode=$1 owner=$2
  shift 2
  install -d -m "$mode" -o "$owner" -g $user "$@"
}

make_directories() {
  # Root writes in these, so nobody else may be able to place a link there; root writes nothing in the services' own.
  directory 0750 root $etc $etc/registry $etc/backup $etc/certs $etc/secrets $etc/backup-keys
  directory 0750 $user $data
  [ -d /backups ] || install -d -m 0755 /backups
  directory 0750 $user $backups
}

# A work directory beside the files: a name appears only once its content is complete.
make_room() {
  rm -rf $etc/.making-* # left by a run that was killed
  work=$(mktemp -d $etc/.making-XXXXXX)
  trap 'rm -rf "$work" $bin/.cap*.new' EXIT
  trap 'exit 75' HUP INT TERM
}

# place FILE OWNER MODE: writes stdin to this file.
place() {
  cat > "$work/new"
  [ -s "$work/new" ] || die "nothing to write into $1"
  chown "$2" "$work/new"
  chmod "$3" "$work/new"
  mv -fT "$work/new" "$1"
}

# as_config FILE: writes stdin to this configuration file, which the services may read and only root may change.
as_config() {
  place "$1" root:$user 0640
  say "wrote $1"
}

# is_ours TEMPLATE FILE: nobody has edited the file: it is missing, empty, or still the bare template.
is_ours() { [ ! -s "$2" ] || cmp -s "$here/config/$1" "$2"; }

# configure TEMPLATE FILE: fills in the template with what exists.
configure() {
  filled=$(sed "$(known_values)" "$here/config/$1")
  if is_ours "$1" "$2" && [ "$filled" != "$(cat "$2" 2> /dev/null)" ]; then
    printf '%s\n' "$filled" | as_config "$2"
  else
    say "kept $2"
  fi
}

# known_values: sed commands that replace the placeholders of token hashes, backup key and issuer.
known_values() {
  for client in verifier backup operator; do
    [ ! -s $etc/secrets/$client.token ] || printf '%s\n' "s/^\( *$client: \[sha256:\)0*\]/\1$(token_hash $client)]/"
  done
  kid=$(backup_kid)
  [ -z "$kid" ] || echo "s/KID\.key/$kid.key/"
  [ ! -s $etc/dev-issuer/public.pem ] || echo 's|https://auth.example.com$|cap-dev-issuer|'
}

token_hash() { sha256sum < "$etc/secrets/$1.token" | cut -d' ' -f1; }
backup_kid() { find $etc/backup-keys -name '*.key' -size +0 -exec basename {} .key \; | sort | head -n 1; }

write_configuration() {
  for file in app.yaml auth.yaml tls.yaml; do configure verifier/$file $etc/$file; done
  configure registry/app.yaml $etc/registry/app.yaml
  configure backup/app.yaml $etc/backup/app.yaml
  if [ ! -s $etc/trust.json ]; then
    cap trust init --out - | as_config $etc/trust.json
  fi
}

# Keys and tokens that root has added are for the services.
give_to_services() {
  for path in $etc/secrets $etc/backup-keys $etc/certs/server.key $etc/dev-issuer; do
    [ ! -e "$path" ] || find "$path" -type f ! -user $user -exec chown $user:$user {} +
  done
}

# --- only with --all

# as_secret FILE: writes stdin to this file, which only the services' user may read.
as_secret() {
  place "$1" $user:$user 0600
  say "made $1"
}

make_tokens() {
  for client in verifier backup operator; do
    [ -s $etc/secrets/$client.token ] || head -c 32 /dev/urandom | base64 | tr -d '\n' | as_secret $etc/secrets/$client.token
  done
}

make_backup_key() {
  [ -z "$(backup_kid)" ] || return 0
  quietly cap keys generate --keys "$work/backup" --owner "backup worker of $(uname -n)" --usage backup
  chown $user:$user "$work"/backup/*
  for ending in pub json key; do
    mv "$work"/backup/*.$ending $etc/backup-keys/ # the key last: only with it do the others count
  done
  say "made the key that signs backups: keep a copy of $etc/backup-keys/$(backup_kid).pub elsewhere"
}

make_certificate() {
  if [ -s $etc/certs/server.crt ] || [ -s $etc/certs/server.key ]; then return 0; fi
  name=$(uname -n)
  quietly openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 365 \
    -subj "/CN=$name/serialNumber=$(openssl rand -hex 8)" \
    -addext "subjectAltName=DNS:$name,DNS:localhost,IP:127.0.0.1,IP:::1" -addext 'extendedKeyUsage=serverAuth' \
    -keyout "$work/server.key" -out "$work/server.crt"
  as_secret $etc/certs/server.key < "$work/server.key"
  as_config $etc/certs/server.crt < "$work/server.crt"
  say 'this certificate is self-signed, for development: replace it before others call'
}

make_issuer() {
  [ ! -s $etc/public.pem ] && is_ours verifier/auth.yaml $etc/auth.yaml || return 0
  if [ ! -e $etc/dev-issuer ]; then
    quietly cap dev issuer --out "$work/dev-issuer"
    chown -R root:$user "$work/dev-issuer"
    chmod 0750 "$work/dev-issuer"
    mv "$work/dev-issuer" $etc/
  fi
  if [ ! -s $etc/dev-issuer/private.pem ] || [ ! -s $etc/dev-issuer/public.pem ]; then
    incomplete "$etc/dev-issuer: remove it, and run this again"
    return 0
  fi
  as_config $etc/public.pem < $etc/dev-issuer/public.pem
  say "access tokens come from a development issuer in $etc/dev-issuer: name yours in $etc/auth.yaml before others call"
}

# Files that someone has edited are left alone, so they may lack what exists by now.
say_what_is_missing() {
  for client in verifier backup operator; do
    token=$etc/secrets/$client.token
    if [ ! -s "$token" ]; then
      say "TO DO: $token, and its sha256 in $etc/registry/app.yaml"
    elif ! grep -q "$(token_hash $client)" $etc/registry/app.yaml; then
      say "TO DO: in $etc/registry/app.yaml, registry.tokens.$client: [sha256:$(token_hash $client)]"
    fi
  done
  if [ -z "$(backup_kid)" ]; then
    say "TO DO: a key that signs backups: cap keys generate --keys $etc/backup-keys --owner NAME --usage backup; then run this again"
  elif ! grep -q "$(backup_kid)" $etc/backup/app.yaml; then
    say "TO DO: in $etc/backup/app.yaml, backup.signing_key: $etc/backup-keys/$(backup_kid).key"
  fi
  for pair in 'crt key' 'key crt'; do
    there=$etc/certs/server.${pair% *} wanted=$etc/certs/server.${pair#* }
    if [ -s "$wanted" ] || ! grep -q "$wanted" $etc/tls.yaml; then continue; fi
    if [ -s "$there" ]; then
      incomplete "$there is there without $wanted: put that beside it, or move it away"
    else
      say "TO DO: $wanted"
    fi
  done
  ! is_ours verifier/auth.yaml $etc/auth.yaml || say "TO DO: your issuer of access tokens, in $etc/auth.yaml"
  say 'no backup recipient: this version does not encrypt backups, so it leaves private keys out of them. Save these another way.'
}

check_release
make_user
make_directories
make_room
install_programs
if [ $all = yes ]; then
  make_tokens
  make_backup_key
  make_certificate
  make_issuer
fi
give_to_services
write_configuration
say_what_is_missing
[ $status -ne 0 ] || say 'done'
exit $status
