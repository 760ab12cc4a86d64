# SPDX-License-Identifier: MIT
# timeout: 120
# mprun's standard input and output may be shared with other programs, so it does not make them
# nonblocking. Nor does a reader that does not read keep mprun from hearing a signal, also where its
# output cannot be opened once more: a socket. Where somebody else made standard error nonblocking, no
# report is lost.
. "${srcdir:-.}/tests/launcher/lib.sh"
command -v python3 > /dev/null || { echo "python3 not found"; exit 77; }
cat > "$work/sockets.py" << 'END'
import fcntl, os, signal, socket, subprocess, sys, time

def nonblocking(end):
    return bool(fcntl.fcntl(end, fcntl.F_GETFL) & os.O_NONBLOCK)

def pair(kind):
    if kind == "socket":
        ours, theirs = socket.socketpair()
        return ours.detach(), theirs.detach()
    reading, writing = os.pipe()
    return (reading, writing) if kind == "output pipe" else (writing, reading)

kind, what, mprun = sys.argv[1:4]
ours, theirs = pair(kind)
if what == "output":
    # More than anything holds; then it is told to stop until it does.
    job = subprocess.Popen([mprun, "-l", "-n", "2", "yes"], stdin=subprocess.DEVNULL, stdout=theirs)
    while len(os.read(ours, 1)) != 1:
        pass
    for patience in range(100):
        if job.poll() is not None:
            break
        job.send_signal(signal.SIGTERM)
        time.sleep(0.1)
    else:
        job.kill()
    print(job.wait(), "nonblocking" if nonblocking(theirs) else "blocking")
else:
    job = subprocess.Popen([mprun, "-s", "all", "-n", "2", "cat"], stdin=theirs, stdout=subprocess.PIPE)
    said = b""
    for word in b"one\n", b"two\n":  # one after the other, so that it has to wait
        os.write(ours, word)
        while said.count(word) < 2:
            more = os.read(job.stdout.fileno(), 100)
            if not more:
                break
            said += more
    mode = "nonblocking" if nonblocking(theirs) else "blocking"
    os.close(ours)
    print(job.wait(), mode)
END
for kind in socket 'output pipe'; do
    run python3 "$work/sockets.py" "$kind" output "$MPRUN"
    what="output to a $kind that nobody reads"
    says '143 blocking'
    gone_in_a_second
done
for kind in socket 'input pipe'; do
    run python3 "$work/sockets.py" "$kind" input "$MPRUN"
    what="--stdin all from a $kind"
    says '0 blocking'
    left_nothing
done
cat > "$work/report.py" << 'END'
import os, subprocess, sys

ours, theirs = os.pipe()
os.set_blocking(theirs, False)
try:
    while True:
        os.write(theirs, b"x" * 4096)
except BlockingIOError:
    pass
job = subprocess.Popen([sys.argv[1], "-n", "1", "false"], stdin=subprocess.DEVNULL, stderr=theirs)
os.close(theirs)
try:
    job.wait(1)  # so it has met the full pipe
except subprocess.TimeoutExpired:
    pass
said = b""
while more := os.read(ours, 65536):
    said += more
print(job.wait(), said.lstrip(b"x").decode().rstrip())
END
run python3 "$work/report.py" "$MPRUN"
what='a report to a full pipe that does not block'
grep -q '^1 mprun: rank 0 .* exited with status 1$' "$work/out" || fail "$what: said $(cat "$work/out")"
left_nothing
finish
