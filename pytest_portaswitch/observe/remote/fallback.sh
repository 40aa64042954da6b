# For hosts without Python 3: what bash 4.1 and the files of /proc can tell. Read by facts/shell.py.
# Set before this text: deadline, patience (seconds), probes ("transport address port kind" each,
# one that waits for another behind that)
# routes and wanted (addresses), known (the same as in /proc/net), programs (paths). Given: $1 the mark of this trip, $2 sudo's words where it refused.
# It writes no file: so no here-documents, which bash keeps in one.
LC_ALL=C; export LC_ALL
mark=$1 refused=$2
ulimit -c 0 -f 0
trap '' XFSZ  # what tries to write a file is told that it cannot, and does not die of it
renice -n 10 -p $$ >/dev/null 2>&1

# Ends this shell and what it has started at the deadline; itself within a second of its end.
( exec </dev/null >/dev/null 2>&1
  end() {
    local child children
    read -r children <"/proc/$1/task/$1/children"
    kill -9 "$1"  # before those that it waits for: half of a reply is none
    for child in $children; do if [[ $child != $BASHPID ]]; then end "$child"; fi; done
  }
  while kill -0 $$ && (( SECONDS < deadline )); do sleep 1; done
  if kill -0 $$; then end $$; fi ) &

section() { echo "$mark $*"; }
gap() { section "gap $1"; echo "$2"; }
has() { command -v "$1" >/dev/null 2>&1; }

# Hundredths of a second since the host started, in $moment. No process is started for it.
clock() { read -r moment _ </proc/uptime; moment=$(( 10#${moment/./} )); }

# within SECONDS COMMAND...: its output in $said; its exit code, or 124 when it was too slow.
within() {
  local limit=$1 fd pid code; shift; said=
  exec {fd}< <( (echo "$BASHPID"; exec "$@" 2>&1 </dev/null); printf '\ncode %d\n' $?)
  read -r -t 5 pid <&$fd
  IFS= read -r -d '' -t "$limit" said <&$fd
  if (( $? > 128 )); then kill -9 "$pid" 2>/dev/null; code=124
  else code=${said##*code }; said=${said%code *}; fi
  exec {fd}<&-
  return $(( code ))
}

# Connects by bash itself, which closes at once and so cannot drain: a server that greets may see
# a reset. Never sent to MySQL, which counts connections that are cut in their handshake.
tcp() {
  local fd pid line outcome=silent detail="no answer in $patience s"
  exec {fd}< <(echo "$BASHPID"; { exec 9<>"/dev/tcp/$1/$2"; } 2>&1 && echo connected)
  read -r -t 5 pid <&$fd
  if read -r -t "$patience" line <&$fd; then
    case $line in
      connected) outcome=connected detail= ;;
      *refused*|*reset*) outcome=refused detail=ECONNREFUSED ;;
      *"No route to host"*) outcome=unreachable detail=EHOSTUNREACH ;;
      *unreachable*) outcome=unreachable detail=ENETUNREACH ;;
      *"timed out"*) outcome=silent detail=ETIMEDOUT ;;
      *) outcome=error detail=${line##*: } ;;
    esac
  else kill -9 "$pid" 2>/dev/null; fi
  exec {fd}<&-
  if [[ $outcome == connected && $3 == script ]]; then
    detail="no Python on the host: connected only, nothing was said"
  fi
  result="$outcome $detail"
}

icmp() {
  local ping=ping
  if [[ $1 == *:* ]] && has ping6; then ping=ping6; fi
  if ! has $ping; then result="error no Python on the host, and no ping"; return; fi
  within $(( patience + 1 )) $ping -n -c 1 -W "$patience" "$1"
  case $?:$said in
    0:*) result="replied " ;;
    *nreachable*) result="unreachable EHOSTUNREACH" ;;
    1:*|124:*) result="silent no reply in $patience s" ;;
    *) result="error ${said%%$'\n'*}" ;;
  esac
}

# probe TRANSPORT ADDRESS PORT KIND [THE SAME OF ANOTHER, SENT WHERE THIS ONE BRINGS NO REPLY]:
# one line each, whole, as others are written at the same time.
probe() {
  local began moment result
  clock; began=$moment
  if (( SECONDS > deadline - patience - 2 )); then
    result="error not sent: the time of this trip was up"
  else
    case $1:$4 in
      tcp:mysql) result="error no Python on the host: MySQL counts a bare connect as an attack" ;;
      tcp:*) tcp "$2" "$3" "$4" ;;
      icmp:*) icmp "$2" ;;
      *) result="error no Python on the host" ;;
    esac
  fi
  clock
  echo "$1:$2:$3 $(( moment - began )) $result"
  if (( $# > 4 )) && [[ $result != replied* ]]; then probe "${@:5}"; fi
}

probe_all() {
  local count=0 one
  for one in "${probes[@]}"; do
    probe $one &
    (( ++count % 16 )) || wait
  done
  wait
}

# The sockets of a table that the audit asks for. Where the others lead to is left out: that is
# where the customers are. known: the addresses that may be shown, as the kernel writes them.
table() {
  local lines line fields
  mapfile -t -n 200000 lines <"/proc/net/$1"
  set -f
  for line in "${lines[@]}"; do
    fields=($line)
    case ${fields[3]} in
      st|0A|07) ;;
      01)
        if [[ "$known" != *" ${fields[2]%:*} "* ]]; then
          if [[ $1 == tcp* ]]; then continue; fi
          fields[2]=${fields[2]//[0-9A-F]/0}
        fi ;;
      *) continue ;;
    esac
    echo "${fields[*]}"
  done
  set +f
  if (( ${#lines[@]} == 200000 )); then gap sockets "/proc/net/$1 is too long"; fi
}

files() {
  local name
  for name in tcp tcp6 udp udp6; do
    if [[ -r /proc/net/$name ]]; then section "$name"; table "$name"
    elif [[ $name != *6 ]]; then gap sockets "/proc/net/$name cannot be read"; fi
  done
  # As in the Python program: a question that the kernel loads a module for is not asked.
  local modules="/lib/modules/$(uname -r)"
  for name in tcp udp; do
    if [[ -d /sys/module/${name}_diag || ! -d $modules ]] \
        || grep -q "/${name}_diag.ko" "$modules/modules.builtin" 2>/dev/null; then
      section "options $name"; ss "-lne${name:0:1}" 2>/dev/null
    fi
  done
  if has find; then
    section owners
    find /proc/[0-9]*/fd -maxdepth 1 -lname 'socket:*' -printf '%p %l\n' 2>/dev/null
  else gap owners "no Python on the host, and no find"; fi
  for name in ip_local_port_range ip_local_reserved_ports; do
    section "$name"
    cat "/proc/sys/net/ipv4/$name" 2>/dev/null || gap ports "$name cannot be read"
  done
  section system
  if [[ -r /etc/os-release ]]; then cat /etc/os-release; else cat /etc/redhat-release; fi 2>/dev/null
}

processes() {
  if ! has ps; then gap processes "no Python on the host, and no ps"; return; fi
  # Names and command lines hold blanks: each is asked for alone, at the end of its line.
  section ps; ps -eo pid=,ppid=,user:32=,stat=,etime=
  section names; ps -eo pid=,comm=
  # A process of a container has a second number there. Kernels before 4.1 have links alone.
  section numbers; grep -H '^NSpid:' /proc/[0-9]*/status 2>/dev/null
  section namespaces
  find /proc/[0-9]*/ns/pid -maxdepth 0 -printf '%p %l\n' 2>/dev/null
  # grep of GNU reads them whole, word by word; ps cuts them.
  if [[ $(printf 'a\0b\0' | grep -azc '' 2>/dev/null) == 2 ]] && has tr && has head; then
    section arguments
    grep -azH '' /proc/[0-9]*/cmdline 2>/dev/null | head -c 8388608 | tr '\0\n' '\n '
    echo
  else section commands; ps -ww -eo pid=,args=; fi
}

network() {
  local to
  if ! has ip; then gap interfaces "no Python on the host, and no ip"; return; fi
  section links; ip -o link
  section vrfs; ip -o link show type vrf 2>/dev/null
  section addresses; ip -o addr
  for to in "${routes[@]}"; do section "route $to"; ip route get "$to" 2>&1; done
}

# As gateways.py of the Python program: default routes, and the files on disk that name them.
gateways() {
  local lines line path text word count=0 words=()
  if (( ${#routes[@]} == 0 )) || ! has ip || ! has grep || ! has sed || ! has head; then return; fi
  lines=$(for word in 4 6; do ip -o -$word route show table all; done | grep '^default ' | head -n 50)
  section gateways; echo "$lines"
  set -f
  for word in $lines; do
    case $line in via) words+=("gateway $word") ;; dev) words+=("interface $word") ;; esac
    line=$word
  done
  set +f; shopt -s nullglob
  section configuration
  for path in /etc/sysconfig/{network,static-routes} /etc/network/interfaces /etc/rc.local \
      /etc/rc.d/rc.local /etc/sysconfig/network-scripts/{ifcfg,route}-* \
      /etc/NetworkManager/{system-connections,dispatcher.d}/* /etc/systemd/network/*.network \
      /etc/network/{interfaces,if-up}.d/* /etc/netplan/*.yaml; do
    if [[ ! -e $path && ! -h $path || $path == /etc/rc.local && -h $path ]]; then continue; fi
    if (( ++count > 200 )); then echo "unread there are more than 200 files"; break; fi
    if [[ -h $path || ! -f $path || ! -r $path ]]; then echo "unread $path"; continue; fi
    text=$(head -c 65536 "$path" | sed '/^[[:space:]]*[#;]/d')
    if (( ${#text} > 65000 )); then echo "unread $path is too long"; fi
    if dynamic "$text"; then echo "unread $path leaves it to DHCP"; fi
    for word in "${words[@]}"; do
      if printf '%s\n' "$path" "$text" | grep -qwF -- "${word#* }"; then echo "$word $path"; fi
    done
  done
  shopt -u nullglob
}

dynamic() {
  local mode='(dhcp|bootp|true|yes|on|ipv4|both|1)'
  printf '%s\n' "$1" | grep -qiE \
    "^ *((bootproto|dhcp) *= *[\"']?$mode|dhcp4 *: *$mode|iface +[^ ]+ +inet +dhcp)" ||
    printf '%s\n' "$1" | sed -n '/^ *\[ipv4\]/,/^ *\[/p' | grep -q '^ *method *= *auto'
}

release() {
  if ! has rpm; then gap release "there is no rpm"; return; fi
  # As root it would touch the locks of its database.
  local nobody=()
  if (( EUID == 0 )) && has setpriv; then
    nobody=(setpriv --reuid 65534 --regid 65534 --clear-groups)
  fi
  within 2 "${nobody[@]}" rpm -q --queryformat '%{VERSION}\n' porta-common
  local code=$? words=${said%%$'\n'*}
  case $code in
    0) section release; echo "$said" ;;
    124) gap release "rpm did not answer in 2 s" ;;
    *) gap release "rpm: ${words:-exit code $code}" ;;
  esac
}

installed() {
  local path
  gap disks "no Python on the host"
  section programs
  for path in "${programs[@]}"; do
    # Bounded, as the path may lead to a disk that does not answer.
    within 2 "$BASH" -c 'test -e "$1"' - "$path"
    case $? in
      0) if [[ -f $path && -x $path ]]; then echo "executable $path"; else echo "there $path"; fi ;;
      1) echo "missing $path" ;;
      *) echo "silent $path" ;;
    esac
  done
}

# What is on the inactive partition; never as root, see above.
inactive() {
  local device folder rest found=
  while read -r device folder rest; do
    if [[ $device == /dev/* && $folder == /update_root ]]; then found=1; fi
  done </proc/self/mounts
  if [[ -z $found ]] || ! has rpm || { (( EUID == 0 )) && ! has setpriv; }; then return; fi
  local nobody=()
  if (( EUID == 0 )); then nobody=(setpriv --reuid 65534 --regid 65534 --clear-groups); fi
  if within 2 "${nobody[@]}" rpm --dbpath /update_root/var/lib/rpm -q \
      --queryformat '%{VERSION}\n' porta-common; then
    section inactive; echo "$said"
  fi
}

# Hashed as the Python program does it: of ids others could make more than a comparison.
digest() { printf 'pytest-portaswitch %s' "$*" | sha256sum 2>/dev/null | cut -c1-32; }

machine() {
  local own boot network key
  if ! has sha256sum || ! has cut; then return; fi
  read -r own </etc/machine-id
  read -r boot </proc/sys/kernel/random/boot_id
  network=$(readlink /proc/self/ns/net)
  section machine
  if [[ -n $own && $own != uninitialized ]]; then echo "id $(digest "$own")"; fi
  if [[ -n $boot && -n $network ]]; then echo "instance $(digest "$boot $network")"; fi
  for key in /etc/ssh/ssh_host_*_key.pub; do
    if [[ -f $key && -r $key ]]; then head -c 8192 "$key" | sed -n 's/^\([^ ]* [^ ]*\).*/key \1/p;q'; fi
  done
}

observe() {
  local began moment
  echo "$mark"
  clock; began=$moment
  section clock; date +%s.%N
  section uptime; cat /proc/uptime
  section own; echo $$
  section wanted; printf '%s\n' "${wanted[@]}"
  section user; echo "$EUID"
  section hostname; uname -n
  section kernel; uname -r
  if [[ -n $refused ]]; then gap owners "$refused"; fi
  files; processes; network; gateways; release; inactive; installed; machine
  section probes; probe_all
  clock
  section age; echo $(( moment - began ))
}

reply=$(observe 2>/dev/null) || exit 4
printf '\nPORTASWITCH %s reply text %d 0\n%s\nPORTASWITCH %s end\n' \
  "$mark" ${#reply} "$reply" "$mark"
