#!/usr/bin/env bash
# A Slurm cluster of one node on 127.0.0.1, to try the workflow on. Root and Debian's packages are needed.
#
#   one_node_slurm.sh install           apt-get install slurm-wlm munge
#   one_node_slurm.sh run COMMAND...    set the cluster up, run the command, tear the cluster down
#
# Its daemons listen on the loopback only, keep all they write in a temporary folder, and end with COMMAND. Outside it
# are /etc/slurm/slurm.conf and gres.conf alone (jobs look nowhere else); where they exist, nothing is touched.
# In the end one line a job is printed: its comment (rule and wildcards), memory, time limit, GPU, state.
set -euo pipefail

CONF=/etc/slurm/slurm.conf
GRES=/etc/slurm/gres.conf

fail() {
    echo "one_node_slurm: $*" >&2
    exit 1
}

install() {
    export DEBIAN_FRONTEND=noninteractive
    apt-get update -qq
    # policy-rc.d keeps apt from starting the daemons; ours have their own configuration
    apt-get install -y -qq --no-install-recommends slurm-wlm munge
}

configure() {
    local cpus memory
    cpus=$(nproc)
    memory=$(awk '/MemTotal/ {print int($2 / 1024)}' /proc/meminfo)
    mkdir -p "$HOME_DIR"/{state,spool} "$(dirname "$CONF")"
    cat >"$GRES" <<END
# one_node_slurm.sh: no GPU, a file that is counted as one
NodeName=localhost Name=gpu File=/dev/null
END
    cat >"$CONF" <<END
# one_node_slurm.sh
ClusterName=one-node
SlurmctldHost=$(hostname)(127.0.0.1)
CommunicationParameters=NoCtldInAddrAny,NoInAddrAny
SlurmctldPort=16817
SlurmdPort=16818
SlurmUser=root
SlurmdUser=root
AuthType=auth/munge
AuthInfo=socket=$HOME_DIR/munge.socket
CredType=cred/munge
StateSaveLocation=$HOME_DIR/state
SlurmdSpoolDir=$HOME_DIR/spool
SlurmctldPidFile=$HOME_DIR/slurmctld.pid
SlurmdPidFile=$HOME_DIR/slurmd.pid
SlurmctldLogFile=$HOME_DIR/slurmctld.log
SlurmdLogFile=$HOME_DIR/slurmd.log
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
MpiDefault=none
SwitchType=switch/none
JobAcctGatherType=jobacct_gather/none
AccountingStorageType=accounting_storage/none
SelectType=select/cons_tres
SelectTypeParameters=CR_CPU_Memory
SchedulerParameters=sched_interval=2,bf_interval=2
MinJobAge=86400
ReturnToService=2
GresTypes=gpu
NodeName=localhost NodeHostname=$(hostname) NodeAddr=127.0.0.1 CPUs=$cpus RealMemory=$memory Gres=gpu:1
PartitionName=all Nodes=localhost Default=YES MaxTime=INFINITE State=UP
END
}

start() {
    dd if=/dev/urandom of="$HOME_DIR/munge.key" bs=64 count=1 status=none
    chmod 400 "$HOME_DIR/munge.key"
    # --force: the folder lies below /tmp, which anybody may write to
    munged --force --num-threads=2 --key-file="$HOME_DIR/munge.key" --socket="$HOME_DIR/munge.socket" \
        --pid-file="$HOME_DIR/munged.pid" --log-file="$HOME_DIR/munged.log" --seed-file="$HOME_DIR/munged.seed"
    slurmctld -c
    slurmd -N localhost
    for _ in $(seq 60); do
        if sinfo --noheader --format=%t 2>/dev/null | grep -qx idle; then return; fi
        sleep 1
    done
    tail -n 20 "$HOME_DIR"/*.log >&2
    fail "the node did not come up"
}

report() {
    # MinJobAge keeps finished jobs listed; no accounting is needed
    squeue --noheader --states=all --sort=i \
        --Format="comment:100,minmemory:10,timelimit:12,tres-per-job:12,state:12" || true
}

stop() {
    local daemon
    scancel --state=RUNNING --state=PENDING 2>/dev/null || true
    for daemon in slurmd slurmctld munged; do
        if [ -s "$HOME_DIR/$daemon.pid" ]; then end "$(cat "$HOME_DIR/$daemon.pid")"; fi
    done
    rm -rf "$HOME_DIR" "$CONF" "$GRES"
}

end() {
    kill "$1" 2>/dev/null || return 0
    for _ in $(seq 50); do
        case "$(ps -o stat= -p "$1")" in Z* | "") return 0 ;; esac
        sleep 0.2
    done
    kill -9 "$1" 2>/dev/null || true
}

run() {
    local status=0 tool
    [ "$(id -u)" = 0 ] || fail "root is needed"
    for tool in munged slurmctld slurmd; do
        command -v "$tool" >/dev/null || fail "$tool is not installed: one_node_slurm.sh install"
    done
    [ ! -e "$CONF" ] && [ ! -e "$GRES" ] || fail "$CONF or $GRES exists: this machine has a Slurm already"
    HOME_DIR=$(mktemp -d)
    chmod 755 "$HOME_DIR"
    trap stop EXIT
    configure
    start
    "$@" &
    trap 'end $!; exit 143' TERM INT
    wait $! || status=$?
    report
    return "$status"
}

case "${1:-}" in
install) install ;;
run)
    shift
    run "$@"
    ;;
*) fail "install, or run COMMAND..." ;;
esac
