"""Nothing outlives a run: its processes, its folders and its shared memory end with it, however it ends.

**Two guardians** (`program`) are started before anything else. The *keeper* is the parent of everything that the run
starts: servers, set-up commands, the application. The *standby* only waits. When one of the three processes involved
dies, another one ends the run:

| killed | noticed by | how |
|---|---|---|
| the main process | keeper and standby | a pipe whose other end only it holds; on Linux also a pidfd |
| the keeper | standby and main process | a pair of sockets closes; the kernel kills its direct children (PDEATHSIG) |
| the standby | the keeper | the pair of sockets closes |
| both guardians | the main process, at its next request to them | the control socket closes |
| all three at once | the next run | the lock on the run's folder is free, see below |

**Membership of a run** is decided by what the kernel records, never by something that a process can change by accident
(environment, working directory, session, open files), and never by a process id that was written down:

* Keeper and standby are *subreapers* (Linux): a daemon whose parent has exited becomes their child.
* Every process of a run has a resource limit with a value unique to the run: RLIMIT_RTTIME, which limits real-time
  scheduling, set to some 36,000 years. It has no effect, is inherited through fork and exec, and can be read in /proc.
  The next run finds leftover processes by it.
* Other systems than Linux have neither. There the process groups of what was started and their descendants are ended;
  a daemon that leaves its group and its parent is not found.

A PID namespace would do the same inside the kernel, but many containers and systems do not allow one, and it changes
what the application sees of itself.

**Folders** of a run (`leftovers`) are named after its number and locked (flock) as long as a guardian lives. A folder
without a lock is left over: processes that have its number are ended, then it is removed.

Everything here except `run`, `lost` and `interrupts` uses the standard library only and is executed by a bare
interpreter, isolated from the environment and the working directory. The guardians open no device and write no file, so
that a broken /dev/null or a full disk does not affect them.
"""
