// The starter for Linux on 64-bit ARM. What it does and why: starter.py. Assembled into aarch64 of machine_code.py.
// Arguments and record: as in x86_64.S.
    .globl _start
_start:
    ldr x19, [sp]                       // argc
    add x20, sp, #8                     // argv
    add x21, x20, x19, lsl #3
    add x21, x21, #8                    // envp
    sub sp, sp, #192                    // the record
    str wzr, [sp, #188]
    mov x8, #113                        // clock_gettime(CLOCK_MONOTONIC, start)
    mov x0, #1
    add x1, sp, #8
    svc #0
    mov x8, #220                        // clone(CLONE_VM | CLONE_VFORK | SIGCHLD, 0, 0, 0, 0)
    mov x0, #0x4111
    mov x1, #0
    mov x2, #0
    mov x3, #0
    mov x4, #0
    svc #0
    cbz x0, child
    tbnz x0, #63, failed
    str x0, [sp]
again:
    mov x8, #260                        // wait4(pid, status, 0, rusage)
    ldr x0, [sp]
    add x1, sp, #184
    mov x2, #0
    add x3, sp, #40
    svc #0
    cmn x0, #4                          // EINTR
    b.eq again
    mov x8, #113                        // clock_gettime(CLOCK_MONOTONIC, end)
    mov x0, #1
    add x1, sp, #24
    svc #0
tell:
    mov x8, #64                         // write(3, record, 192)
    mov x0, #3
    mov x1, sp
    mov x2, #192
    svc #0
    mov x8, #94                         // exit_group(0)
    mov x0, #0
    svc #0
failed:
    neg w0, w0
    str w0, [sp, #188]
    b tell
child:
    mov x8, #57                         // close(3)
    mov x0, #3
    svc #0
    mov x8, #157                        // setsid()
    svc #0
    ldr x0, [x20]
    ldrb w0, [x0]
    cmp w0, #0x74                       // "t"
    b.ne become
    mov x8, #29                         // ioctl(0, TIOCSCTTY, 0)
    mov x0, #0
    mov x1, #0x540e
    mov x2, #0
    svc #0
become:
    mov x8, #221                        // execve(path, argv, envp)
    ldr x0, [x20, #8]
    add x1, x20, #16
    mov x2, x21
    svc #0
    neg w0, w0                          // it failed: the errno goes into the record that is shared
    str w0, [sp, #188]
    mov x8, #94                         // exit_group(127)
    mov x0, #127
    svc #0
