# Offers UDP to an iperf3 server at one rate after the other, three seconds each, and prints what it offers from when on, as seam plot reads it.
# Called with PEER PORT RATE...; rates are Mbit/s of payload.
peer=$1 port=$2
shift 2
say() { echo "$(date -u +%Y-%m-%dT%H:%M:%SZ),$HOSTNAME,egress,$1"; }
echo time,pod,direction,offered_mbps
for rate in "$@"; do
  say "$rate"
  iperf3 -u -c "$peer" -p "$port" -b "${rate}M" -t 3 >&2
  # A packet that is still on its way would be taken for the first of the next.
  sleep 0.5
done
say 0
