#!/bin/sh
# Installs CAP from the directory that this script lies in: programs, user, directories and, where there is none yet,
# configuration. Run it again to upgrade; it never overwrites configuration, keys or data.
#
#   ./install.sh          what a server needs; you fill in issuer, tokens, keys and certificate
#   ./install.sh --all    also tokens, keys, a certificate and a token issuer for trying it out: replace the last two
set -eu
umask 077

user=cap-verifier
etc=/etc/cap-verifier
data=/var/lib/cap-verifier
backups=/backups/cap-verifier
here=$(cd "$(dirname "$0")" && pwd)
programs='cap cap-verifier-api cap-registry cap-backup-worker'

say() { echo "install: $*"; }
die() {
  echo "install: $*" >&2
  exit 1
}
# quietly COMMAND...: its words are shown only if it fails.
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

# --- what every installation has

install_programs() {
  for program in $programs; do
    # A running program's file can't be written, but its name can be given to another file.
    cp "$here/$program" "/usr/local/bin/.$program.new"
    chmod 0755 "/usr/local/bin/.$program.new"
    mv -f "/usr/local/bin/.$program.new" "/usr/local/bin/$program"
  done
  say "programs: $(/usr/local/bin/cap --version) in /usr/local/bin"
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
  directory 0750 root $etc $etc/registry $etc/backup $etc/certs
  directory 0700 $user $etc/secrets $etc/backup-keys
  directory 0750 $user $data
  directory 0700 $user $data/keys
  [ -d /backups ] || install -d -m 0755 /backups
  directory 0750 $user $backups
}

# as_config FILE: stdin becomes this configuration file; the services may read it, root alone may change it.
as_config() {
  cat > "$1"
  chown root:$user "$1"
  chmod 0640 "$1"
  say "wrote $1"
}

# is_ours TEMPLATE FILE: there is nothing of anybody's in it, as it is not there or still the bare template.
is_ours() { [ ! -e "$2" ] || cmp -s "$here/config/$1" "$2"; }

# configure TEMPLATE FILE: fills the template in with what there is.
configure() {
  filled=$(sed "$(known_values)" "$here/config/$1")
  if is_ours "$1" "$2" && [ "$filled" != "$(cat "$2" 2> /dev/null)" ]; then
    printf '%s\n' "$filled" | as_config "$2"
  else
    say "kept $2"
  fi
}

# known_values: sed commands that put token hashes, the backup's key and the issuer in the place of their placeholders.
known_values() {
  for client in verifier backup operator; do
    [ ! -e $etc/secrets/$client.token ] || printf '%s\n' "s/^\( *$client: \[sha256:\)0*\]/\1$(token_hash $client)]/"
  done
  kid=$(backup_kid)
  [ -z "$kid" ] || echo "s/KID\.key/$kid.key/"
  [ ! -e $etc/dev-issuer ] || echo 's|https://auth.example.com$|cap-dev-issuer|'
}

token_hash() { sha256sum < "$etc/secrets/$1.token" | cut -d' ' -f1; }
backup_kid() { find $etc/backup-keys -name '*.key' -exec basename {} .key \; | sort | head -n 1; }

write_configuration() {
  for file in app.yaml auth.yaml tls.yaml; do configure verifier/$file $etc/$file; done
  configure registry/app.yaml $etc/registry/app.yaml
  configure backup/app.yaml $etc/backup/app.yaml
  if [ ! -e $etc/trust.json ]; then
    cap trust init --out - | as_config $etc/trust.json
  fi
}

# --- what --all adds

# as_secret FILE: stdin becomes this file, for the services' user alone.
as_secret() {
  cat > "$1"
  chown $user:$user "$1"
  chmod 0600 "$1"
  say "made $1"
}

make_tokens() {
  for client in verifier backup operator; do
    [ -e $etc/secrets/$client.token ] || head -c 32 /dev/urandom | base64 | tr -d '\n' | as_secret $etc/secrets/$client.token
  done
}

make_backup_key() {
  [ -z "$(backup_kid)" ] || return 0
  quietly cap keys generate --keys $etc/backup-keys --owner "backup worker of $(uname -n)" --usage backup
  chown -R $user:$user $etc/backup-keys
  say "made the key that signs backups: keep a copy of $etc/backup-keys/$(backup_kid).pub elsewhere"
}

make_certificate() {
  [ ! -e $etc/certs/server.crt ] || return 0
  name=$(uname -n)
  quietly openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 365 -subj "/CN=$name" \
    -addext "subjectAltName=DNS:$name,DNS:localhost,IP:127.0.0.1,IP:::1" -addext 'extendedKeyUsage=serverAuth' \
    -keyout $etc/certs/server.key.new -out $etc/certs/server.crt.new
  as_secret $etc/certs/server.key < $etc/certs/server.key.new
  as_config $etc/certs/server.crt < $etc/certs/server.crt.new
  rm $etc/certs/server.key.new $etc/certs/server.crt.new
  say 'this certificate is self-signed, for development: replace it before others call'
}

make_issuer() {
  [ ! -e $etc/public.pem ] && is_ours verifier/auth.yaml $etc/auth.yaml || return 0
  quietly cap dev issuer --out $etc/dev-issuer
  chown -R $user:$user $etc/dev-issuer
  as_config $etc/public.pem < $etc/dev-issuer/public.pem
  say "access tokens come from a development issuer in $etc/dev-issuer: name yours in $etc/auth.yaml before others call"
}

# Files that somebody wrote are not touched, so they may not know what was made now.
say_what_is_missing() {
  for client in verifier backup operator; do
    grep -q "$(token_hash $client)" $etc/registry/app.yaml ||
      say "ADD to $etc/registry/app.yaml, registry.tokens.$client: [sha256:$(token_hash $client)]"
  done
  grep -q "$(backup_kid)" $etc/backup/app.yaml ||
    say "SET in $etc/backup/app.yaml, backup.signing_key: $etc/backup-keys/$(backup_kid).key"
  say 'no backup recipient: this version does not encrypt backups, so it leaves private keys out of them. Save these another way.'
}

PATH=/usr/local/bin:$PATH
install_programs
make_user
make_directories
if [ $all = yes ]; then
  make_tokens
  make_backup_key
  make_certificate
  make_issuer
fi
write_configuration
[ $all = no ] || say_what_is_missing
say 'done'
