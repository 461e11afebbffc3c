"""Lines as they stand in the logs of programs of all kinds, one by one: format, level, time, logger, message."""

# ruff: noqa: E501 - a table of long lines
from __future__ import annotations

from datetime import UTC, datetime

import pytest

from autobench_nb.logs.entry import Level
from autobench_nb.logs.formats import LineReader

NOW = datetime(2026, 11, 24, 10, tzinfo=UTC).timestamp()
D, I, W, E, F = Level  # noqa: E741 - a table reads better so

# Format, level, time (of 2026-01-15 where it names no day), logger, message.
WILD = [
    # dpkg
    ('2026-01-15 10:30:45 install libc6:amd64 <none> 2.36-9', 'dpkg', I, '10:30:45', None, 'install libc6:amd64 <none> 2.36-9'),
    ('2026-01-15 10:30:46 status half-configured libc6:amd64 2.36-9', 'dpkg', I, '10:30:46', None, 'status half-configured libc6:amd64 2.36-9'),
    # apt history
    ('Start-Date: 2026-01-15  10:30:45', 'apt', I, '10:30:45', None, 'Start-Date: 2026-01-15  10:30:45'),
    ('End-Date: 2026-01-15  10:30:49', 'apt', I, '10:30:49', None, 'End-Date: 2026-01-15  10:30:49'),
    # alternatives
    ('update-alternatives 2026-01-15 10:30:45: run with --quiet --install /usr/bin/x', 'alternatives', I, '10:30:45', 'update-alternatives', 'run with --quiet --install /usr/bin/x'),
    # dmesg -T
    ('[Thu Jan 15 10:30:45 2026] usb 1-1: new high-speed USB device number 2 using xhci_hcd', 'dmesg', I, '10:30:45', None, 'usb 1-1: new high-speed USB device number 2 using xhci_hcd'),
    ('[    0.000000] Linux version 6.1.0', 'dmesg', I, None, None, 'Linux version 6.1.0'),
    ('<6>[    0.000000] Linux version 6.1.0', 'dmesg', I, None, None, 'Linux version 6.1.0'),
    ('<3>[   12.345678] ata1: error: x', 'dmesg', E, None, None, 'ata1: error: x'),
    ('kern  :err   : [Thu Jan 15 10:30:45 2026] ata1: failed', 'dmesg', E, '10:30:45', 'kern', 'ata1: failed'),
    ('2026-01-15T10:30:45,123456+01:00 usb 1-1: dmesg iso', 'iso', I, '09:30:45.123', None, 'usb 1-1: dmesg iso'),
    # journald short-iso / short-precise / short-full / with-unit / short-unix / cat
    ('2026-01-15T10:30:45+01:00 web1 systemd[1]: Started x.', 'journald', I, '09:30:45', 'systemd', 'Started x.'),
    ('Jan 15 10:30:45.123456 web1 systemd[1]: Started x.', 'syslog', I, '10:30:45.123', 'systemd', 'Started x.'),
    ('Thu 2026-01-15 10:30:45 CET web1 systemd[1]: Started x.', 'journald', I, '09:30:45', 'systemd', 'Started x.'),
    ('1768473045.123456 web1 systemd[1]: Started x.', 'journald', I, '10:30:45.123', 'systemd', 'Started x.'),
    # CRI/docker
    ('2026-01-15T10:30:45.123456789Z stdout F ERROR: x', 'cri', E, '10:30:45.123', None, 'ERROR: x'),
    ('{"log":"WARN x\\n","stream":"stdout","time":"2026-01-15T10:30:45.123456789Z"}', 'json', W, '10:30:45.123', None, 'WARN x'),
    # GELF
    ('{"version":"1.1","host":"h","short_message":"boom","full_message":"Backtrace","timestamp":1768473045.3072,"level":3,"_user_id":9001}', 'json', E, '10:30:45.307', None, 'boom'),
    # ECS nested
    ('{"@timestamp":"2026-01-15T10:30:45.123Z","log":{"level":"error","logger":"a.b"},"message":"x","ecs":{"version":"1.2.0"},"error":{"stack_trace":"java.lang.X\\n\\tat y"}}', 'json', E, '10:30:45.123', 'a.b', 'x'),
    # Serilog compact
    ('{"@t":"2026-01-15T10:30:45.1234567Z","@m":"Hello, Anna","@i":"7a8b","@l":"Warning","User":"Anna"}', 'json', W, '10:30:45.123', None, 'Hello, Anna'),
    ('{"@t":"2026-01-15T10:30:45.1234567Z","@mt":"Hello, {User}","User":"Anna"}', 'json', I, '10:30:45.123', None, 'Hello, {User}'),
    # winston
    ('{"level":"error","message":"x","timestamp":"2026-01-15T10:30:45.123Z","service":"user"}', 'json', E, '10:30:45.123', None, 'x'),
    ('2026-01-15T10:30:45.123Z error: x', 'iso', E, '10:30:45.123', None, 'x'),
    ('2026-01-15T10:30:45.123Z [api] warn: x', 'iso', W, '10:30:45.123', None, 'x'),
    # zap json (float epoch), zerolog console
    ('{"level":"warn","ts":1768473045.123456,"logger":"a","caller":"a/b.go:12","msg":"x","stacktrace":"main.main\\n\\t/a.go"}', 'json', W, '10:30:45.123', 'a', 'x'),
    ('{"level":"warn","time":1768473045,"message":"x"}', 'json', W, '10:30:45', None, 'x'),
    ('10:30AM WRN slow a=b', 'zerolog', W, '2026-11-23 10:30:00', None, 'slow a=b'),
    ('2026-01-15T10:30:45Z ERR slow error="x" a=b', 'iso', E, '10:30:45', None, 'slow error="x" a=b'),
    # log4j2 JSON
    ('{"instant":{"epochSecond":1768473045,"nanoOfSecond":123456789},"thread":"main","level":"WARN","loggerName":"a.b.C","message":"x","endOfBatch":false}', 'json', W, '10:30:45.123', 'a.b.C', 'x'),
    ('{"timeMillis":1768473045123,"thread":"main","level":"ERROR","loggerName":"a.b.C","message":"x","thrown":{"name":"java.lang.X","message":"y"}}', 'json', E, '10:30:45.123', 'a.b.C', 'x'),
    # logstash logback
    ('{"@timestamp":"2026-01-15T10:30:45.123+01:00","@version":"1","message":"x","logger_name":"a.b","thread_name":"main","level":"ERROR","level_value":40000,"stack_trace":"java..."}', 'json', E, '09:30:45.123', 'a.b', 'x'),
    # google cloud
    ('{"severity":"ERROR","timestamp":"2026-01-15T10:30:45.123Z","textPayload":"x","resource":{"type":"k8s"}}', 'json', E, '10:30:45.123', None, 'x'),
    # otel
    ('{"Timestamp":"1768473045123456789","SeverityText":"WARN","SeverityNumber":13,"Body":"x"}', 'json', W, '10:30:45.123', None, 'x'),
    ('{"timeUnixNano":"1768473045123456789","severityText":"ERROR","body":{"stringValue":"x"}}', 'json', E, '10:30:45.123', None, 'x'),
    # PostgreSQL
    ('2026-01-15 10:30:45.123 CET [4711] LOG:  checkpoint starting: time', 'postgresql', I, '09:30:45.123', None, 'checkpoint starting: time'),
    ('2026-01-15 10:30:45.123 CET [4711] app@shop ERROR:  deadlock detected', 'postgresql', E, '09:30:45.123', None, 'deadlock detected'),
    ('2026-01-15 10:30:45 UTC:10.0.0.1(5432):user@db:[123]:ERROR:  rds style', 'postgresql', E, '10:30:45', None, 'rds style'),
    ('2026-01-15 10:30:45.123 UTC,"app","shop",4711,"10.0.0.1:5",65,1,"INSERT",2026-01-15 10:00:00 UTC,3/4,0,ERROR,23505,"duplicate key",,,,,,,,,"psql"', 'postgresql-csv', E, '10:30:45.123', None, 'duplicate key'),
    ('< 2026-01-15 10:30:45.123 CET >LOG:  old style', 'postgresql', I, '09:30:45.123', None, 'old style'),
    # MySQL
    ('2026-01-15T10:30:45.123456Z 12 [Warning] [MY-010068] [Server] CA certificate ca.pem is self signed.', 'mysql', W, '10:30:45.123', 'Server', 'CA certificate ca.pem is self signed.'),
    ('2026-01-15 10:30:45 140 [ERROR] InnoDB: x', 'mysql', E, '10:30:45', None, 'InnoDB: x'),
    ('260115 10:30:45 [ERROR] Aborting', 'mysql', E, '10:30:45', None, 'Aborting'),
    ('# Time: 2026-01-15T10:30:45.123456Z', 'mysql-slow', I, '10:30:45.123', None, '# Time: 2026-01-15T10:30:45.123456Z'),
    # MongoDB
    ('{"t":{"$date":"2026-01-15T10:30:45.123+00:00"},"s":"W",  "c":"CONTROL",  "id":22120,   "ctx":"initandlisten","msg":"Access control is not enabled"}', 'json', W, '10:30:45.123', 'CONTROL', 'Access control is not enabled'),
    # RabbitMQ
    ('2026-01-15 10:30:45.123456+01:00 [warning] <0.222.0> lost', 'iso', W, '09:30:45.123', None, '<0.222.0> lost'),
    ('=ERROR REPORT==== 15-Jan-2026::10:30:45 ===', 'rabbitmq', E, '10:30:45', None, '=ERROR REPORT==== 15-Jan-2026::10:30:45 ==='),
    # Redis
    ('4711:M 15 Jan 2026 10:30:45.123 # WARNING overcommit_memory is set to 0!', 'redis', W, '10:30:45.123', None, 'WARNING overcommit_memory is set to 0!'),
    ('[4711] 15 Jan 10:30:45.123 * old redis', 'redis', I, '10:30:45.123', None, 'old redis'),
    # kafka
    ('[2026-01-15 10:30:45,123] ERROR Error while x (kafka.server.Broker)', 'kafka', E, '10:30:45.123', 'kafka.server.Broker', 'Error while x'),
    # nginx etc
    ('192.0.2.7 - - [15/Jan/2026:10:30:45 +0100] "GET / HTTP/1.1" 500 12 "-" "curl/8" "10.0.0.1"', 'access', E, '09:30:45', None, 'GET / HTTP/1.1'),
    ('192.0.2.7 - - [15/Jan/2026:10:30:45 +0100] "\\x16\\x03\\x01" 400 150 "-" "-"', 'access', W, '09:30:45', None, '\\x16\\x03\\x01'),
    ('::1 - - [15/Jan/2026:10:30:45 +0100] "OPTIONS * HTTP/1.0" 200 126 "-" "Apache/2.4 (internal dummy connection)" 1234', 'access', I, '09:30:45', None, 'OPTIONS * HTTP/1.0'),
    ('[Thu Jan 15 10:30:45.123456 2026] [mpm_event:notice] [pid 1:tid 140] AH00489: Apache configured', 'apache', I, '10:30:45.123', 'mpm_event', 'AH00489: Apache configured'),
    ('[Thu Jan 15 10:30:45.123456 2026] [ssl:error] [pid 12] (70014)End of file found: [client 10.0.0.1:5] AH01991: x', 'apache', E, '10:30:45.123', 'ssl', '(70014)End of file found: [client 10.0.0.1:5] AH01991: x'),
    # HAProxy
    ('Jan 15 10:30:45 lb haproxy[14389]: 10.0.1.2:33317 [06/Feb/2026:12:14:14.655] http-in static/srv1 10/0/30/69/109 200 2750 - - ---- 1/1/1/1/0 0/0 {1wt.eu} {} "GET /index.html HTTP/1.1"', 'syslog', I, '10:30:45', 'haproxy', '10.0.1.2:33317 [06/Feb/2026:12:14:14.655] http-in static/srv1 10/0/30/69/109 200 2750 - - ---- 1/1/1/1/0 0/0 {1wt.eu} {} "GET /index.html HTTP/1.1"'),
    # Caddy
    ('{"level":"info","ts":1768473045.123,"logger":"http.log.access","msg":"handled request","request":{"remote_ip":"10.0.0.1","method":"GET"},"status":200}', 'json', I, '10:30:45.123', 'http.log.access', 'handled request'),
    ('2026/01/15 10:30:45.123\tERROR\thttp.log.error\tdial tcp: refused\t{"request": {"method": "GET"}}', 'zap', E, '10:30:45.123', 'http.log.error', 'dial tcp: refused\t{"request": {"method": "GET"}}'),
    # Traefik
    ('time="2026-01-15T10:30:45+01:00" level=error msg="x" providerName=docker', 'logfmt', E, '09:30:45', None, 'x'),
    ('2026-01-15T10:30:45+01:00 ERR github.com/traefik/x.go:12 > boom error="x"', 'iso', E, '09:30:45', None, 'github.com/traefik/x.go:12 > boom error="x"'),
    # AWS ELB / ALB / CloudFront / VPC
    ('2026-01-15T10:30:45.123456Z my-elb 192.0.2.7:2817 10.0.0.1:80 0.000073 0.001048 0.000057 200 200 0 29 "GET http://www.example.com:80/ HTTP/1.1" "curl/7.38.0" - -', 'elb', I, '10:30:45.123', 'my-elb', 'GET http://www.example.com:80/ HTTP/1.1'),
    ('https 2026-01-15T10:30:45.123456Z app/my-alb/50dc6c495c0c9188 192.0.2.7:2817 10.0.0.1:80 0.086 0.048 0.037 502 502 0 57 "GET https://www.example.com:443/ HTTP/1.1" "curl/7.46.0" ECDHE TLSv1.2 arn "Root=1" "-" "-" 0 2026-01-15T10:30:45.0Z "forward" "-" "-" "-" "-" "-" "-"', 'elb', E, '10:30:45.123', 'app/my-alb/50dc6c495c0c9188', 'GET https://www.example.com:443/ HTTP/1.1'),
    ('2026-01-15\t10:30:45\tFRA2\t2390282\t192.0.2.7\tGET\td111.cloudfront.net\t/view/my/file.html\t200\t-\tcurl\t-\t-\tHit\tx\td111\thttp\t0\t0.001\t-\t-\t-\tHit\tHTTP/1.1\t-\t-', 'cloudfront', I, '10:30:45', None, '/view/my/file.html'),
    ('2 123456789010 eni-1235b8ca 172.31.16.139 172.31.16.21 20641 22 6 20 4249 1768473045 1768473105 ACCEPT OK', 'flow', I, '10:30:45', 'eni-1235b8ca', '172.31.16.139 172.31.16.21 20641 22 6 20 4249'),
    # Lambda
    ('START RequestId: 3604209a Version: $LATEST', 'lambda', I, None, None, 'START RequestId: 3604209a Version: $LATEST'),
    ('2026-01-15T10:30:45.123Z\t3604209a-e9a3-11e6\tERROR\tboom', 'lambda', E, '10:30:45.123', None, 'boom'),
    ('[ERROR] 2026-01-15T10:30:45.123Z 3604209a boom', 'lambda', E, '10:30:45.123', None, 'boom'),
    # GitHub Actions
    ('2026-01-15T10:30:45.1234567Z ##[error]Process completed with exit code 1.', 'github', E, '10:30:45.123', None, 'Process completed with exit code 1.'),
    ('2026-01-15T10:30:45.1234567Z ##[group]Run actions/checkout@v4', 'github', I, '10:30:45.123', None, 'Run actions/checkout@v4'),
    ('2026-01-15T10:30:45.1234567Z ##[warning]Node 16 is deprecated', 'github', W, '10:30:45.123', None, 'Node 16 is deprecated'),
    ('2026-01-15T10:30:45.1234567Z npm ERR! x', 'iso', E, '10:30:45.123', 'npm', 'x'),
    # build tools
    ('warning: unused variable: `y`', 'level', W, None, None, 'unused variable: `y`'),
    ('[ERROR] Failed to execute goal org.apache.maven', 'level', E, None, None, 'Failed to execute goal org.apache.maven'),
    ('[INFO] BUILD FAILURE', 'level', I, None, None, 'BUILD FAILURE'),
    ("[10:30:45] Starting 'build'...", 'clock', I, '2026-11-23 10:30:45', None, "Starting 'build'..."),
    # GC
    ('[2026-01-15T10:30:45.123+0100][info][gc] GC(0) Pause Young (Normal) (G1 Evacuation Pause) 24M->4M(256M) 3.2ms', 'gc', I, '09:30:45.123', 'gc', 'GC(0) Pause Young (Normal) (G1 Evacuation Pause) 24M->4M(256M) 3.2ms'),
    ('[0.123s][warning][gc] x', 'gc', W, None, 'gc', 'x'),
    ('[2026-01-15T10:30:45.123+0100][0.015s][error][gc,heap] x', 'gc', E, '09:30:45.123', 'gc,heap', 'x'),
    ('2026-01-15T10:30:45.123+0100: 0.522: [GC (Allocation Failure) [PSYoungGen: 65536K->10736K(76288K)] 0.0123 secs]', 'gc', I, '09:30:45.123', None, '[GC (Allocation Failure) [PSYoungGen: 65536K->10736K(76288K)] 0.0123 secs]'),
    # strace
    ('10:30:45 openat(AT_FDCWD, "/etc/ld.so.cache", O_RDONLY|O_CLOEXEC) = 3', 'strace', I, '2026-11-23 10:30:45', None, 'openat(AT_FDCWD, "/etc/ld.so.cache", O_RDONLY|O_CLOEXEC) = 3'),
    ('10:30:45.123456 read(3, "x", 832) = 832', 'strace', I, '2026-11-23 10:30:45.123', None, 'read(3, "x", 832) = 832'),
    ('1768473045.123456 read(3, "x", 832) = 832', 'strace', I, '10:30:45.123', None, 'read(3, "x", 832) = 832'),
    ('[pid  4711] 10:30:45.123456 close(3) = 0', 'strace', I, '2026-11-23 10:30:45.123', None, 'close(3) = 0'),
    ('4711  10:30:45.123456 close(3) = -1 EBADF (Bad file descriptor)', 'strace', I, '2026-11-23 10:30:45.123', None, 'close(3) = -1 EBADF (Bad file descriptor)'),
    # Windows event CSV
    ('Error,1/15/2026 10:30:45 AM,Service Control Manager,7000,None,"The x service failed"', 'windows', E, '10:30:45', 'Service Control Manager', 'The x service failed'),
    ('Information,15.01.2026 10:30:45,Microsoft-Windows-Kernel,16,None,"x"', 'windows', I, '10:30:45', 'Microsoft-Windows-Kernel', 'x'),
    # IIS
    ('2026-01-15 10:30:45 10.0.0.1 GET /default.htm - 80 - 192.0.2.7 Mozilla/5.0+(Windows) - 200 0 0 15', 'iis', I, '10:30:45', None, 'GET /default.htm -'),
    ('2026-01-15 10:30:45 10.0.0.1 POST /a.aspx q=1 443 anna 192.0.2.7 Mozilla/5.0 https://x/ 500 0 64 1203', 'iis', E, '10:30:45', None, 'POST /a.aspx q=1'),
    # squid
    ('1768473045.123     45 192.0.2.7 TCP_MISS/200 1024 GET http://example.org/ - HIER_DIRECT/198.51.100.1 text/html', 'squid', I, '10:30:45.123', None, 'GET http://example.org/ - HIER_DIRECT/198.51.100.1 text/html'),
    # postfix sshd
    ('Jan 15 10:30:45 mail postfix/smtpd[123]: warning: hostname x does not resolve', 'syslog', W, '10:30:45', 'postfix/smtpd', 'warning: hostname x does not resolve'),
    ('Jan 15 10:30:45 mail postfix/smtpd[123]: NOQUEUE: reject: RCPT from x', 'syslog', I, '10:30:45', 'postfix/smtpd', 'NOQUEUE: reject: RCPT from x'),
    ('Jan 15 10:30:45 web1 CRON[123]: (root) CMD (run-parts /etc/cron.hourly)', 'syslog', I, '10:30:45', 'CRON', '(root) CMD (run-parts /etc/cron.hourly)'),
    # auditd
    ('type=SYSCALL msg=audit(1768473045.123:24287): arch=c000003e syscall=2 success=no exit=-13 comm="cat"', 'audit', I, '10:30:45.123', 'SYSCALL', 'arch=c000003e syscall=2 success=no exit=-13 comm="cat"'),
    ('node=web1 type=AVC msg=audit(1768473045.123:24287): avc:  denied  { read }', 'audit', I, '10:30:45.123', 'AVC', 'avc:  denied  { read }'),
    # ROS
    ('[ INFO] [1768473045.123456789]: Hello', 'ros', I, '10:30:45.123', None, 'Hello'),
    ('[ERROR] [1768473045.123456789, 12.5]: sim time', 'ros', E, '10:30:45.123', None, 'sim time'),
    ("[INFO] [1768473045.123456789] [talker]: Publishing: 'x'", 'ros', I, '10:30:45.123', 'talker', "Publishing: 'x'"),
    ('1768473045.1234567 [talker-1] [WARN] [1768473045.123] [talker]: x', 'ros', W, '10:30:45.123', 'talker', 'x'),
    ('[rosout][WARN] 2026-01-15 10:30:45,123: x', 'ros', W, '10:30:45.123', 'rosout', 'x'),
    # PX4
    ('INFO  [commander] Ready for takeoff!', 'level', I, None, 'commander', 'Ready for takeoff!'),
    ('WARN  [health_and_arming_checks] Preflight Fail: x', 'level', W, None, 'health_and_arming_checks', 'Preflight Fail: x'),
    ('ERROR [sensors] x', 'level', E, None, 'sensors', 'x'),
    # Android bugreport
    ('01-15 10:30:45.123  1000  1702  2395 E ActivityManager: ANR in x', 'logcat', E, '10:30:45.123', 'ActivityManager', 'ANR in x'),
    ('--------- beginning of main', 'logcat', I, None, None, 'beginning of main'),
    ('01-15 10:30:45.123 +0100  1000  1702  2395 W A: x', 'logcat', W, '09:30:45.123', 'A', 'x'),
    # Unreal
    ('[2026.01.15-10.30.45:123][  0]LogInit: Display: Build: x', 'unreal', I, '10:30:45.123', 'LogInit', 'Build: x'),
    ('[2026.01.15-10.30.45:123][421]LogStreaming: Warning: x', 'unreal', W, '10:30:45.123', 'LogStreaming', 'x'),
    ('[2026.01.15-10.30.45:123][421]LogTemp: Error: x', 'unreal', E, '10:30:45.123', 'LogTemp', 'x'),
    ('LogInit: Display: x', 'unreal', I, None, 'LogInit', 'x'),
    # Minecraft
    ('[10:30:45] [Server thread/INFO]: Starting minecraft server version 1.20', 'minecraft', I, '2026-11-23 10:30:45', None, 'Starting minecraft server version 1.20'),
    ("[10:30:45] [Server thread/WARN] [net.minecraft.X/]: Can't keep up!", 'minecraft', W, '2026-11-23 10:30:45', 'net.minecraft.X', "Can't keep up!"),
    ('[15Jan2026 10:30:45.123] [main/ERROR] [mixin/]: x', 'minecraft', E, '10:30:45.123', 'mixin', 'x'),
    ('[10:30:45 INFO]: Done (1.2s)!', 'clock', I, '2026-11-23 10:30:45', None, 'Done (1.2s)!'),
    # Steam
    ('[2026-01-15 10:30:45] Connection established', 'iso', I, '10:30:45', None, 'Connection established'),
    ('[2026-01-15 10:30:45] [AppID 123] ERROR! x', 'iso', E, '10:30:45', None, 'x'),
    # misc
    ('2026-01-15 10:30:45.123 +00:00 [ERR] serilog console file', 'iso', E, '10:30:45.123', None, 'serilog console file'),
    ('[10:30:45 WRN] serilog console', 'clock', W, '2026-11-23 10:30:45', None, 'serilog console'),
    ('15-01-2026 10:30:45 ERROR x', 'day-first', E, '10:30:45', None, 'x'),
    ('15.01.2026 10:30:45.123 ERROR x', 'day-first', E, '10:30:45.123', None, 'x'),
    ('15/01/2026 10:30:45 ERROR x', 'day-first', E, '10:30:45', None, 'x'),
    ('01/15/2026 10:30:45 AM ERROR x', 'month-first', E, '10:30:45', None, 'x'),
    ('1/15/2026 10:30:45 PM - ERROR - x', 'month-first', E, '22:30:45', None, 'x'),
    ('Jan 15, 2026 10:30:45 AM com.example.Foo bar', 'jul', I, '10:30:45', 'com.example.Foo', 'com.example.Foo bar'),
    ('SEVERE: second line of jul', 'level', E, None, None, 'second line of jul'),
    ('15 Jan 2026 10:30:45,123 [main] ERROR a.b - x', 'month-named', E, '10:30:45.123', 'a.b', 'x'),
    ('Thu Jan 15 10:30:45 2026 error x', 'date', E, '10:30:45', None, 'x'),
    ('Thu Jan 15 10:30:45 CET 2026 error: x', 'date', E, '09:30:45', None, 'x'),
    ('Thu, 15 Jan 2026 10:30:45 +0100 ERROR x', 'month-named', E, '09:30:45', None, 'x'),
    ('2026-01-15T10:30:45.123 ERROR x', 'iso', E, '10:30:45.123', None, 'x'),
    ('20260115 10:30:45.123 ERROR x', 'compact', E, '10:30:45.123', None, 'x'),
    ('20260115T103045Z ERROR x', 'compact', E, '10:30:45', None, 'x'),
    ('2026-01-15_10:30:45 ERROR x', 'iso', E, '10:30:45', None, 'x'),
    ('1768473045 ERROR x', 'epoch', E, '10:30:45', None, 'x'),
    ('1768473045.123 ERROR x', 'epoch', E, '10:30:45.123', None, 'x'),
    ('1768473045123 ERROR x', 'epoch', E, '10:30:45.123', None, 'x'),
    ('[1768473045] ERROR x', 'epoch', E, '10:30:45', None, 'x'),
    ('[1768473045.123456] WARN: x', 'epoch', W, '10:30:45.123', None, 'x'),
    ('2026-01-15 10:30:45.123 CET ERROR x', 'iso', E, '09:30:45.123', None, 'x'),
    ('2026-01-15 10:30:45.123 America/New_York ERROR x', 'iso', E, '15:30:45.123', None, 'x'),
    ('2026-01-15T10:30:45.123+0530 WARN x', 'iso', W, '05:00:45.123', None, 'x'),
    ('2026-01-15T23:59:60Z WARN leap', 'iso', W, '2026-01-16 00:00:00', None, 'leap'),
    ('2026-01-15 10:30 ERROR no seconds', 'minutes', E, '10:30:00', None, 'no seconds'),
    ('I 2026-01-15 10:30:45,123 x', 'level-first', I, '10:30:45.123', None, 'x'),
    ('ERROR 2026-01-15 10:30:45,123 module 123 140 django x', 'level-first', E, '10:30:45.123', 'module', '123 140 django x'),
    ('ERROR [2026-01-15 10:30:45,123] a.b.C: dropwizard', 'level-first', E, '10:30:45.123', 'a.b.C', 'dropwizard'),
    ('ERROR - 2026-01-15 10:30:45 --> codeigniter', 'level-first', E, '10:30:45', None, 'codeigniter'),
    ('[2026-01-15 10:30:45] local.ERROR: laravel {"exception":"x"}', 'monolog', E, '10:30:45', 'local', 'laravel {"exception":"x"}'),
    ('[2026-01-15T10:30:45.123456+00:00] app.WARNING: monolog {"a":1} []', 'monolog', W, '10:30:45.123', 'app', 'monolog {"a":1} []'),
    ('I0115 10:30:45.123456 4711 a.cc:5] glog', 'klog', I, '10:30:45.123', 'a.cc', 'glog'),
    ('WARNING: Logging before flag', 'level', W, None, None, 'Logging before flag'),
    ('2026-01-15 10:30:45.123456: W tensorflow/core/x.cc:12] tf', 'tensorflow', W, '10:30:45.123', 'tensorflow/core/x.cc', 'tf'),
    ('2026-01-15 10:30:45.123456: I tensorflow/core/x.cc:12] tf', 'tensorflow', I, '10:30:45.123', 'tensorflow/core/x.cc', 'tf'),
    ('{"time":"2026-01-15T10:30:45.123456789+01:00","level":"WARN","source":{"function":"main","file":"a.go","line":3},"msg":"slog","k":1}', 'json', W, '09:30:45.123', None, 'slog'),
    ('time=2026-01-15T10:30:45.123+01:00 level=ERROR msg=slog k=1', 'logfmt', E, '09:30:45.123', None, 'slog'),
    ('2026/01/15 10:30:45 ERROR slog default k=1', 'iso', E, '10:30:45', None, 'slog default k=1'),
    ('2026-01-15 10:30:45 [a.b] [ERROR] x', 'iso', E, '10:30:45', None, 'x'),
    ('2026-01-15 10:30:45 ERROR    [alembic.runtime.migration] x', 'iso', E, '10:30:45', 'alembic.runtime.migration', 'x'),
    ('INFO  [alembic.runtime.migration] Context impl SQLiteImpl.', 'level', I, None, 'alembic.runtime.migration', 'Context impl SQLiteImpl.'),
    ('2026-01-15 10:30:45,123 [4711] ERROR a.b: x', 'logback', E, '10:30:45.123', 'a.b', 'x'),
    ('2026-01-15 10:30:45,123 ERROR 4711 --- x', 'iso', E, '10:30:45.123', None, '4711 --- x'),
    ('10:30:45,123 ERROR [org.jboss.as] (MSC service thread 1-3) WFLYSRV: x', 'jboss', E, '2026-11-23 10:30:45.123', 'org.jboss.as', 'WFLYSRV: x'),
    ('2026-01-15 10:30:45,123 ERROR [io.qua.dep] (main) quarkus x', 'jboss', E, '10:30:45.123', 'io.qua.dep', 'quarkus x'),
    ('01-15 10:30:45.123 E/Tag     ( 1234): brief time', 'logcat', E, '10:30:45.123', 'Tag', 'brief time'),
    ('2026-01-15 10:30:45.123456+0100  localhost kernel[0]: (AppleACPI) mac log', 'macos', I, '09:30:45.123', 'kernel', 'mac log'),
    ('2026-01-15 10:30:45.123 Df kernel[0:1f4d] mac compact', 'macos', I, '10:30:45.123', 'kernel', 'mac compact'),
    ('10:30:45.123 [error] elixir x', 'clock', E, '2026-11-23 10:30:45.123', None, 'elixir x'),
    ('W, [2026-01-15T10:30:45.123456 #1]  WARN -- : x', 'ruby', W, '10:30:45.123', None, 'x'),
    ('E [2026-01-15 10:30:45] x', 'level-first', E, '10:30:45', None, 'x'),
    ('[ERROR] [main] 2026-01-15 10:30:45 x', 'level-first', E, '10:30:45', None, 'x'),
    ('[error] 123#0: *1 nginx without time', 'level', E, None, None, '123#0: *1 nginx without time'),
    ('Error: connect ECONNREFUSED', 'level', E, None, None, 'connect ECONNREFUSED'),
]  # fmt: skip


@pytest.mark.parametrize(
    ("line", "format", "level", "time", "logger", "message"),
    WILD,
    ids=[one[0][:50] for one in WILD],
)
def test_a_line_of_the_wild_is_read(
    line: str, format: str, level: Level, time: str | None, logger: str | None, message: str
) -> None:
    [read] = LineReader(now=NOW).entries([line])
    assert (read.format, read.level, read.logger, read.message) == (format, level, logger, message)
    if time is None:
        assert read.ts is None
    else:
        said = datetime.fromisoformat(f"{time if ' ' in time else f'2026-01-15 {time}'}+00:00")
        assert round(read.ts or 0) == round(said.timestamp() * 1000)
