#!/bin/sh
# Lets through ssh and the verifier API, over IPv4 and IPv6, and nothing else, not even the ports Docker publishes. Its rules
# are in a table, or in chains, of their own, which are replaced as a whole: other rules stay as they are. Running it again
# changes nothing.
set -eu
PATH=$PATH:/usr/sbin:/sbin

here=$(cd "$(dirname "$0")" && pwd)
# What cap-firewall.service needs at every boot.
unit=/etc/systemd/system/cap-firewall.service
kept='/etc/default/cap-firewall /usr/local/lib/cap-firewall'
# How to undo what was changed in ufw, one command per line.
ufw_undo=/etc/ufw/cap.undo

usage() {
  cat <<'USAGE'
usage: firewall.sh nftables|iptables|ufw [--ssh PORT]... [--open PORT]...
       firewall.sh remove

Closes every port of this server except those of ssh (default: 22) and those that others may call (default: 8443), whether a
program or a container serves them.

  nftables, iptables   until the next boot; cap-firewall.service repeats it at every boot
  ufw                  permanently; what ufw allowed before stays allowed: ufw status
  remove               undoes everything, including that service; ufw is left as it was before
USAGE
}

fail() {
  echo "firewall.sh: $1" >&2
  exit "${2:-64}"
}

is_port() {
  case $1 in
    '' | 0* | *[!0-9]* | ??????*) return 1 ;;
  esac
  [ "$1" -ge 1 ] && [ "$1" -le 65535 ]
}

# Nobody must lock themselves out: the port this session came in on stays open or, without a session, all of sshd's.
keep_the_way_in() {
  port=$(port_of_session)
  if [ -n "$port" ]; then
    is_among "$port" "$ssh" || fail "this session came in by port $port, which would be closed: add --ssh $port"
    return 0
  fi
  for port in $(sshd -T 2> /dev/null | sed -n 's/^port //p'); do
    is_among "$port" "$ssh" || {
      # When systemd starts this, there is nobody to repeat the command.
      [ -n "${INVOCATION_ID:-}" ] || fail "sshd listens on port $port, which would be closed: add --ssh $port"
      echo "firewall.sh: sshd listens on port $port: it stays open" >&2
      ssh="$ssh $port"
    }
  done
}

# sudo removes SSH_CONNECTION (client, its port, server, its port), but the shell that called it has it.
port_of_session() {
  process=$$
  while [ "${process:-0}" -gt 1 ]; do
    port=$(tr '\0' '\n' < "/proc/$process/environ" | sed -n 's/^SSH_CONNECTION=.* //p')
    [ -z "$port" ] || { echo "$port"; return 0; }
    process=$(sed -n 's/^PPid:[^0-9]*//p' "/proc/$process/status")
  done
}

is_among() {
  case " $2 " in
    *" $1 "*) return 0 ;;
  esac
  return 1
}

input_rules() { # 4|6
  echo ':CAP-INPUT - [0:0]'
  echo '-A CAP-INPUT -i lo -j ACCEPT'
  echo '-A CAP-INPUT -m conntrack --ctstate ESTABLISHED,RELATED -j ACCEPT'
  echo '-A CAP-INPUT -m conntrack --ctstate INVALID -j DROP'
  for one in $ssh $open; do
    echo "-A CAP-INPUT -p tcp --dport $one -j ACCEPT"
  done
  # What IP depends on: errors (including path MTU), routers and neighbours, multicast listeners; also ping, and DHCP.
  if [ "$1" = 4 ]; then
    for type in destination-unreachable time-exceeded parameter-problem echo-request; do
      echo "-A CAP-INPUT -p icmp --icmp-type $type -j ACCEPT"
    done
    echo '-A CAP-INPUT -p udp --sport 67 --dport 68 -j ACCEPT'
  else
    for type in destination-unreachable packet-too-big time-exceeded parameter-problem echo-request; do
      echo "-A CAP-INPUT -p icmpv6 --icmpv6-type $type -j ACCEPT"
    done
    for type in 133 134 135 136 141 142; do
      echo "-A CAP-INPUT -p icmpv6 --icmpv6-type $type -m hl --hl-eq 255 -j ACCEPT"
    done
    for type in 130 131 132 143; do
      echo "-A CAP-INPUT -s fe80::/10 -p icmpv6 --icmpv6-type $type -j ACCEPT"
    done
    echo '-A CAP-INPUT -s fe80::/10 -p udp --sport 547 --dport 546 -j ACCEPT'
  fi
  echo '-A CAP-INPUT -j DROP'
}

# Docker rewrites address and port before a filter sees them; the connection still has what the caller asked for.
docker_rules() {
  echo ':CAP-DOCKER - [0:0]'
  echo '-A CAP-DOCKER -m conntrack --ctstate ESTABLISHED,RELATED -j RETURN'
  echo '-A CAP-DOCKER -i docker0 -j RETURN'
  echo '-A CAP-DOCKER -i br-+ -j RETURN'
  for one in $open; do
    echo "-A CAP-DOCKER -p tcp -m conntrack --ctstate DNAT --ctorigdstport $one --ctdir ORIGINAL -j RETURN"
  done
  echo '-A CAP-DOCKER -j DROP'
}

with_iptables() {
  for version in 4 6; do
    tables=iptables
    [ $version = 4 ] || tables=ip6tables
    { echo '*filter'; input_rules $version; docker_rules; echo COMMIT; } | $tables-restore --wait --noflush
    # Docker calls this chain before its own rules, and leaves an existing one alone.
    $tables --wait -N DOCKER-USER 2> /dev/null || :
    for call in 'INPUT -j CAP-INPUT' 'DOCKER-USER -j CAP-DOCKER'; do
      # shellcheck disable=SC2086 # words
      $tables --wait -C $call 2> /dev/null || $tables --wait -I $call
    done
  done
}

with_nftables() {
  sed "s/^define ssh = .*/define ssh = { $(listed "$ssh") }/; s/^define open = .*/define open = { $(listed "$open") }/" \
    "$here/cap.nft" | nft --file -
}

listed() { echo "$1" | sed 's/^ *//; s/  */, /g'; }

without_block() {
  sed '/^# BEGIN cap$/,/^# END cap$/d' "$1"
}

# exchange FILE: replaces it with stdin atomically.
exchange() {
  cat > "$1.new"
  chmod 0640 "$1.new"
  mv "$1.new" "$1"
}

# ufw's own rules come after Docker's, which have decided by then; so these go into the chain Docker leaves to its users.
with_ufw() {
  for one in $ssh $open; do
    ! ufw_has 'deny|reject' "$one" || fail "ufw has a rule that refuses port $one: take it away first (ufw status numbered)"
  done
  : >> $ufw_undo
  for file in /etc/ufw/after.rules /etc/ufw/after6.rules; do
    {
      without_block $file
      echo '# BEGIN cap'
      echo '*filter'
      docker_rules
      echo ':DOCKER-USER - [0:0]'
      echo '-A DOCKER-USER -j CAP-DOCKER'
      echo COMMIT
      echo '# END cap'
    } | exchange $file
  done
  for one in $ssh $open; do
    ufw_has 'allow|limit' "$one" || ufw_but_undo "delete allow $one/tcp" allow "$one/tcp"
  done
  [ "$(ufw_incoming)" != ACCEPT ] || ufw_but_undo 'default allow incoming' default deny incoming
  ufw_enabled || ufw_but_undo disable --force enable
  ufw reload
}

ufw_enabled() { grep -qs '^ENABLED=yes' /etc/ufw/ufw.conf; }
ufw_incoming() { sed -n 's/^DEFAULT_INPUT_POLICY="\{0,1\}\([A-Z]*\).*/\1/p' /etc/default/ufw; }

# ufw_but_undo UNDO ARGUMENT...: records how to undo the step before taking it.
ufw_but_undo() {
  echo "$1" >> $ufw_undo
  shift
  ufw "$@"
}

# ufw_has ACTIONS PORT: for everyone or, if ufw is in use, for those the operator lets in.
ufw_has() {
  rules=$(ufw show added)
  echo "$rules" | grep -Eq "^ufw ($1) (in )?$2(/tcp)?( comment .*)?\$" && return 0
  [ "$1" = 'allow|limit' ] && ufw_enabled && [ "$(ufw_incoming)" != ACCEPT ] &&
    echo "$rules" | grep -Eq "^ufw ($1) .* port $2( |\$)"
}

remove() {
  for tables in iptables ip6tables; do
    for call in 'INPUT -j CAP-INPUT' 'DOCKER-USER -j CAP-DOCKER'; do
      # shellcheck disable=SC2086 # words
      ! $tables --wait -D $call 2> /dev/null || { $tables --wait -F "${call##* }"; $tables --wait -X "${call##* }"; }
    done
    # Fails if Docker uses the chain, which then stays.
    $tables --wait -X DOCKER-USER 2> /dev/null || :
  done
  ! nft list table inet cap > /dev/null 2>&1 || nft delete table inet cap
  if [ -e $unit ]; then
    systemctl disable --now cap-firewall
    # shellcheck disable=SC2086 # words
    rm -rf $unit $kept
    systemctl daemon-reload
  fi
  for file in /etc/ufw/after.rules /etc/ufw/after6.rules; do
    ! grep -qs '^# BEGIN cap$' $file || without_block $file | exchange $file
  done
  [ -e $ufw_undo ] || return 0
  tac $ufw_undo | while read -r undo; do
    # shellcheck disable=SC2086 # words
    ufw $undo || :
  done
  rm $ufw_undo
  ufw reload
}

command=${1:-}
case $command in
  nftables | iptables | ufw | remove) shift ;;
  -h | --help) usage; exit 0 ;;
  *) usage >&2; exit 64 ;;
esac
ssh='' open=''
while [ $# -gt 0 ]; do
  is_port "${2:-}" || fail "${2:-nothing} after $1 is not a port"
  case $1 in
    --ssh) ssh="$ssh $2" ;;
    --open) open="$open $2" ;;
    *) usage >&2; exit 64 ;;
  esac
  shift 2
done
ssh=${ssh:-22} open=${open:-8443}
[ "$(id -u)" = 0 ] || fail 'only root changes the firewall' 77
[ "$command" = remove ] || keep_the_way_in
case $command in
  nftables) with_nftables ;;
  iptables) with_iptables ;;
  ufw) with_ufw ;;
  remove) remove ;;
esac
