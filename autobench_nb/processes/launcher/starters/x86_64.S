# The starter for Linux on x86-64. What it does and why: starter.py. Assembled into x86_64 of machine_code.py.
#
# argv: [0] flags ("t": standard input becomes the controlling terminal), [1] the program's path, [2...] its own argv.
# Descriptor 3 takes a record of 192 bytes when the program has ended, or could not be started (errno):
#   0 pid (8)   8 start (timespec)   24 end (timespec)   40 struct rusage (144)   184 wait status (4)   188 errno (4)
    .globl _start
_start:
    movq (%rsp), %rcx                   # argc
    leaq 8(%rsp), %rbx                  # argv
    leaq 8(%rbx,%rcx,8), %rbp           # envp
    subq $192, %rsp                     # the record
    movl $0, 188(%rsp)
    movl $228, %eax                     # clock_gettime(CLOCK_MONOTONIC, start)
    movl $1, %edi
    leaq 8(%rsp), %rsi
    syscall
    movl $58, %eax                      # vfork: the child shares this memory until it has become the program
    syscall
    testq %rax, %rax
    jz child
    js failed
    movq %rax, (%rsp)
again:
    movl $61, %eax                      # wait4(pid, status, 0, rusage)
    movq (%rsp), %rdi
    leaq 184(%rsp), %rsi
    xorl %edx, %edx
    leaq 40(%rsp), %r10
    syscall
    cmpq $-4, %rax                      # EINTR
    je again
    movl $228, %eax                     # clock_gettime(CLOCK_MONOTONIC, end)
    movl $1, %edi
    leaq 24(%rsp), %rsi
    syscall
tell:
    movl $1, %eax                       # write(3, record, 192)
    movl $3, %edi
    movq %rsp, %rsi
    movl $192, %edx
    syscall
    movl $231, %eax                     # exit_group(0)
    xorl %edi, %edi
    syscall
failed:
    negl %eax
    movl %eax, 188(%rsp)
    jmp tell
child:
    movl $3, %eax                       # close(3)
    movl $3, %edi
    syscall
    movl $112, %eax                     # setsid()
    syscall
    movq (%rbx), %rax
    cmpb $0x74, (%rax)                  # "t"
    jne become
    movl $16, %eax                      # ioctl(0, TIOCSCTTY, 0)
    xorl %edi, %edi
    movl $0x540e, %esi
    xorl %edx, %edx
    syscall
become:
    movl $59, %eax                      # execve(path, argv, envp)
    movq 8(%rbx), %rdi
    leaq 16(%rbx), %rsi
    movq %rbp, %rdx
    syscall
    negl %eax                           # it failed: the errno goes into the record that is shared
    movl %eax, 188(%rsp)
    movl $231, %eax                     # exit_group(127)
    movl $127, %edi
    syscall
