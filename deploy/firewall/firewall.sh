#!/bin/sh
# What reaches this server, with iptables or ufw: ssh and the verifier API, over IPv4 and IPv6. Nothing else, not even the
# ports that Docker publishes. With iptables, rules stand in chains of their own, which are exchanged as a whole: those of
# others stay as they are. Running it again changes nothing.
set -eu

usage() {
  cat <<'USAGE'
usage: firewall.sh iptables|ufw [--ssh PORT]... [--open PORT]...
       firewall.sh remove

Closes every port of this server but those of ssh (default: 22) and those that others may call (default: 8443), whether a
program serves them or a container.

  iptables   until the next start; cap-firewall.service does it at each
  ufw        for good; ports that ufw allowed before stay open: ufw status
  remove     takes the rules away again, those of cap.nft too; where ufw has them, it is disabled
USAGE
}

fail() {
  echo "firewall.sh: $1" >&2
  exit "${2:-64}"
}

is_port() {
  case $1 in
    '' | *[!0-9]* | ??????*) return 1 ;;
  esac
  [ "$1" -ge 1 ] && [ "$1" -le 65535 ]
}

# Nobody shall lock himself out: the port of this session, and one that sshd listens on, stay open.
keep_the_way_in() {
  here=${SSH_CONNECTION:-} # client, its port, server, its port
  here=${here##* }
  [ -z "$here" ] || is_among "$here" "$ssh" || fail "this session came in by port $here, which would be closed: add --ssh $here"
  # At a start, that is not the time to hesitate.
  [ -z "${INVOCATION_ID:-}" ] || return 0
  listening=$(sshd -T 2> /dev/null | sed -n 's/^port //p') || :
  for one in $listening; do
    ! is_among "$one" "$ssh" || return 0
  done
  [ -z "$listening" ] || fail "sshd listens on port $listening, which would be closed: add --ssh $listening"
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
  # What IP needs: errors (path MTU among them), routers and neighbours, multicast listeners; to be pinged; addresses by DHCP.
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

# Docker rewrites address and port before a filter sees them: what the caller asked for is in the connection.
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
    # Docker calls this chain before rules of its own, and takes it as it finds it.
    $tables --wait -N DOCKER-USER 2> /dev/null || :
    for call in 'INPUT -j CAP-INPUT' 'DOCKER-USER -j CAP-DOCKER'; do
      # shellcheck disable=SC2086 # words
      $tables --wait -C $call 2> /dev/null || $tables --wait -I $call
    done
  done
}

without_block() {
  sed '/^# BEGIN cap$/,/^# END cap$/d' "$1"
}

# ufw's own rules come after Docker's, which have decided by then; so these stand in the chain that Docker leaves to users.
with_ufw() {
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
    } > $file.new
    chmod 0640 $file.new
    mv $file.new $file
  done
  ufw default deny incoming
  ufw default deny routed
  ufw default allow outgoing
  for one in $ssh $open; do
    ufw allow "$one/tcp"
  done
  ufw --force enable
  ufw reload
}

remove() {
  for tables in iptables ip6tables; do
    for call in 'INPUT -j CAP-INPUT' 'DOCKER-USER -j CAP-DOCKER'; do
      # shellcheck disable=SC2086 # words
      ! $tables --wait -D $call 2> /dev/null || { $tables --wait -F "${call##* }"; $tables --wait -X "${call##* }"; }
    done
  done
  ! nft list table inet cap > /dev/null 2>&1 || nft delete table inet cap
  for file in /etc/ufw/after.rules /etc/ufw/after6.rules; do
    grep -qs '^# BEGIN cap$' $file || continue
    ufw disable
    without_block $file > $file.new
    chmod 0640 $file.new
    mv $file.new $file
  done
}

command=${1:-}
case $command in
  iptables | ufw | remove) shift ;;
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
case $command in
  iptables) keep_the_way_in; with_iptables ;;
  ufw) keep_the_way_in; with_ufw ;;
  remove) remove ;;
esac
