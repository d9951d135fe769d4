"""Nothing outlives a run: its processes, its folders and its shared memory end with it, however it ends.

**Two processes watch** (`program`), started before anything else of the run. The *keeper* is the parent of all that the
run starts: servers, set-up commands, the application. The *second* does nothing but wait. Whoever sees another one gone
ends everything:

| gone | who notices | by |
|---|---|---|
| we | keeper and second | a pipe of which only we hold the other end; on Linux also a pidfd |
| the keeper | the second, and we | a pair of sockets closes; the kernel ends its direct children (PDEATHSIG) |
| the second | the keeper | its end of the pair closes |
| both watchers | we, at the next question | the control socket closes |
| all three at once | the next run | the lock on the run's folder is free: see below |

**What belongs to a run** is told by the kernel, never by something that a process can take off (environment, working
folder, session, open files), and never by a process id that was written down:

* The keeper and the second are *subreapers* (Linux): a daemon, whose own parent is gone, becomes their child.
* Every process of a run carries a resource limit of a value of its own (RLIMIT_RTTIME, in microseconds of real-time
  scheduling: some 36,000 years, so nobody meets it). It is inherited through fork and exec, and can be read by whoever
  looks at /proc. This is what the next run finds leftovers by.
* Elsewhere than on Linux there is neither: then it is the process groups of what was started, and their descendants. A
  daemon that leaves its group and its parent is not found there.

A PID namespace would say the same and do it in the kernel, but containers and some systems allow nobody to make one,
and it changes what the application sees of itself.

**Folders** of a run (`leftovers`) are named by its number and locked (flock) as long as we or a watcher live. A folder
that nobody holds is left over: what carries its number is ended, then it is removed.

Everything here but `run` needs the standard library only and is executed by a plain interpreter, isolated from the
environment and from the working folder. The watchers open no file and no device: a full disk or a broken /dev/null is
nothing to them.
"""
