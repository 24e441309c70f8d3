# Where the service keeps its state, so that `wanfailover status` finds it without --state-dir.
: "${WANFAILOVER_STATE_DIR:=/var/lib/wanfailover}"
export WANFAILOVER_STATE_DIR
