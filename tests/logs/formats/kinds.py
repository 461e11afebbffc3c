"""Logs of many kinds, written from what is known: each line with the time, level, logger and message that it says.

:data:`KINDS` has one :class:`Kind` for each. A kind writes :class:`Said` entries as its program does; entries have lines
below them where that program's entries have some.
"""

# ruff: noqa: E501 - a table of long lines
from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

START = datetime(2026, 3, 27, 22, 58, 41, 12_000, UTC)
D, I, W, E, F = "debug", "info", "warn", "error", "fatal"  # noqa: E741 - a table reads better so


@dataclass(frozen=True)
class Said:
    """What one entry says; ``below`` are the lines that belong to it."""

    when: datetime
    level: str
    logger: str | None
    message: str
    below: tuple[str, ...] = ()

    @property
    def ms(self) -> int:
        return self.when.microsecond // 1000


@dataclass(frozen=True)
class Kind:
    """How one program writes its entries. ``step``: how exactly its times are said, in milliseconds (0: not at all)."""

    name: str
    format: str
    write: Callable[[Said], str]
    messages: Sequence[str]
    levels: dict[str, str]
    loggers: Sequence[str] = ("main",)
    step: int = 1
    below: tuple[str, ...] = ()
    reads_logger: bool = True
    shows: Callable[[str], str] = field(default=lambda message: message)

    def entries(self, count: int = 16) -> list[Said]:
        """So many entries, some seconds or milliseconds apart; every fifth has lines below it."""
        names = list(self.levels)
        when, made = START, []
        for place in range(count):
            when += timedelta(milliseconds=(place * 7919) % 5000 + 1)
            shown = when - timedelta(microseconds=when.microsecond % (self.step * 1000 or 1))
            below = self.below if place % 5 == 2 else ()
            level = names[(place * place + place // 3) % len(names)]
            made.append(
                Said(
                    shown,
                    level,
                    self.loggers[place % len(self.loggers)] if self.loggers else None,
                    self.messages[place % len(self.messages)],
                    below,
                )
            )
        return made

    def lines(self, entries: Sequence[Said]) -> list[str]:
        return [line for one in entries for line in (self.write(one), *one.below)]

    def word(self, said: Said) -> str:
        return self.levels[said.level]


JAVA = (
    "java.io.IOException: Premature EOF: no length prefix available",
    "\tat org.example.protocol.Sender.receive(Sender.java:178)",
    "\tat java.lang.Thread.run(Thread.java:745)",
    "Caused by: java.net.SocketTimeoutException: 480000 millis timeout",
    "\t... 12 more",
)
PYTHON = (
    "Traceback (most recent call last):",
    '  File "/srv/app/worker.py", line 41, in run',
    "    self.step()",
    "app.errors.StepError: step 3: no answer within 5 s",
)
INDENTED = ("\tlocal variable count = 4", "    and one more")
WORK = (
    "started with 4 workers", "connection to 10.0.0.7:5432 closed", "GET /orders/17 took 12.5 ms", "cache: 81% hits",
    "key 'a=b' is new [shard 3]", "disk /dev/sda1 is 91% full", "retry 2 of 5 in 0.4 s", "see https://example.org/e?x=1",
    "user anna logged in (2 sessions)", "nothing to do",
)  # fmt: skip
UPPER = {D: "DEBUG", I: "INFO", W: "WARN", E: "ERROR", F: "FATAL"}
PY = {D: "DEBUG", I: "INFO", W: "WARNING", E: "ERROR", F: "CRITICAL"}
LOWER = {D: "debug", I: "info", W: "warn", E: "error"}
LETTER = {D: "D", I: "I", W: "W", E: "E", F: "F"}
ONLY_INFO = {I: "info"}


def _day(said: Said, layout: str) -> str:
    return said.when.strftime(layout)


def _kind(name: str, format: str, text: str, **more: object) -> Kind:
    """A kind whose lines are ``text`` with ``{level} {logger} {message} {ms} {us}`` and strftime's directives."""

    def write(said: Said) -> str:
        return said.when.strftime(text).format(
            level=kind.word(said), logger=said.logger, message=said.message, ms=f"{said.ms:03d}",
            us=f"{said.when.microsecond:06d}", epoch=int(said.when.timestamp()), day=said.when.day,
        )  # fmt: skip

    settings: dict[str, object] = {
        "levels": UPPER,
        "messages": WORK,
        "loggers": ("app.db", "app.web"),
        **more,
    }
    kind = Kind(name, format, write, **settings)  # type: ignore[arg-type]
    return kind


def _json_kind(
    name: str, record: Callable[[Said, Kind], dict[str, object]], levels: dict[str, str]
) -> Kind:
    def write(said: Said) -> str:
        return json.dumps(record(said, kind))

    kind = Kind(name, "json", write, WORK, levels, ("app.db", "app.web"))
    return kind


def _iso(said: Said) -> str:
    return said.when.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _ms(said: Said) -> int:
    return round(said.when.timestamp() * 1000)


PINO = {D: "20", I: "30", W: "40", E: "50", F: "60"}

LOGHUB = [
    _kind("HDFS", "hdfs", "%y%m%d %H%M%S 148 {level} {logger}: {message}", step=1000, below=JAVA,
          levels={I: "INFO", W: "WARN", E: "ERROR"}, loggers=("dfs.DataNode$PacketResponder", "dfs.FSNamesystem"),
          messages=("PacketResponder 1 for block blk_38865 terminating",
                    "BLOCK* NameSystem.addStoredBlock: blockMap updated: 10.251.73.220:50010 is added to blk_71 size 67",
                    "Received block blk_35 of size 67108864 from /10.251.91.84",
                    "10.251.30.85:50010:Got exception while serving blk_-29 to /10.251.90.64:")),
    _kind("Spark", "spark", "%y/%m/%d %H:%M:%S {level} {logger}: {message}", step=1000, below=JAVA,
          levels={I: "INFO", W: "WARN", E: "ERROR"}, loggers=("executor.CoarseGrainedExecutorBackend", "storage.BlockManager"),
          messages=("Registered signal handlers for [TERM, HUP, INT]", "Found block rdd_42_20 locally",
                    "Finished task 0.0 in stage 0.0 (TID 0). 2703 bytes result sent to driver", "")),
    _kind("Hadoop", "hadoop", "%Y-%m-%d %H:%M:%S,{ms} {level} [IPC Server handler 0 on 62270] {logger}: {message}", below=JAVA,
          loggers=("org.apache.hadoop.mapreduce.v2.app.MRAppMaster", "org.apache.hadoop.ipc.Server$Listener"),
          messages=("Created MRAppMaster for application appattempt_1445_0020_000001", "Progress of TaskAttempt is : 0.13",
                    "Task Transitioned from NEW to SCHEDULED", "Address change detected. Old: msra-sa-41:9000 New: x/10.190.173.170:9000")),
    _kind("Zookeeper", "zookeeper", "%Y-%m-%d %H:%M:%S,{ms} - {level:5} [QuorumPeer[myid=1]/0:0:0:0:0:0:0:0:2181:{logger}@774] - {message}",
          below=JAVA, loggers=("FastLeaderElection", "QuorumCnxManager$Listener"),
          messages=("Notification time out: 3200", "Received connection request /10.10.34.11:45307", "FOLLOWING",
                    "Connection broken for id 188978561024, my id = 1, error = ")),
    _kind("BGL", "bgl", "- {epoch} %Y.%m.%d R02-M1-N0-C:J12-U11 %Y-%m-%d-%H.%M.%S.{us} R02-M1-N0-C:J12-U11 RAS {logger} {level} {message}",
          levels={I: "INFO", W: "WARNING", E: "ERROR", F: "FATAL"}, loggers=("KERNEL", "APP", "MMCS"),
          messages=("instruction cache parity error corrected", "ciod: failed to read message prefix on control stream",
                    "generating core.2275", "data TLB error interrupt", "idoproxydb hit ASSERT condition: ASSERT expression=0")),
    _kind("Thunderbird", "thunderbird", "- {epoch} %Y.%m.%d dn228 %b %d %H:%M:%S dn228/dn228 {logger}[2915]: {message}", step=1000,
          levels=ONLY_INFO, loggers=("crond(pam_unix)", "ntpd", "xinetd"),
          messages=("session closed for user root", "synchronized to 10.100.22.250, stratum 3", "START: rsync pid=3117 from=10.100.4.251")),
    _kind("HPC", "hpc", "134681 node-246 {logger} state_change.unavailable {epoch} 1 {message}", step=1000, levels=ONLY_INFO,
          loggers=("unix.hw", "node", "boot_cmd"),
          messages=("Component State Change: Component \\042alt0\\042 is in the unavailable state (HWID=3180)",
                    "Link error on broadcast tree Interconnect-0T00:00:0:0", "running", "Targeting domains:node-D1 and nodes:node-[40-63] child of command 2176")),
    _kind("OpenStack", "openstack",
          "nova-api.log.1.2017-05-16_13:53:08 %Y-%m-%d %H:%M:%S.{ms} 25746 {level} {logger} [req-38101a0b 113d3a99 54fadb41 - - -] {message}",
          levels={D: "DEBUG", I: "INFO", W: "WARNING", E: "ERROR", F: "CRITICAL"},
          loggers=("nova.osapi_compute.wsgi.server", "nova.compute.manager"), below=INDENTED,
          messages=('10.11.10.1 "GET /v2/54/servers/detail HTTP/1.1" status: 200 len: 1893 time: 0.2477829',
                    "[instance: b9000564] VM Started (Lifecycle Event)", "Creating image")),
    _kind("Windows", "cbs", "%Y-%m-%d %H:%M:%S, {level:22}{logger}    {message}", step=1000, below=("    repeated",),
          levels={I: "Info", W: "Warning", E: "Error"}, loggers=("CBS", "CSI"),
          messages=("Loaded Servicing Stack v6.1.7601.23505 with Core: C:\\Windows\\winsxs\\amd64\\cbscore.dll",
                    "00000001@2016/9/27:20:30:31.455 WcpInitialize (wcp.dll version 0.0.0.6) called",
                    "SQM: Failed to start upload with file pattern: C:\\Windows\\*.sqm [HRESULT = 0x80004005 - E_FAIL]",
                    "Session: 30546173_4261722401 initialized by client WindowsUpdateAgent.")),
    _kind("Mac", "syslog", "%b {day:2d} %H:%M:%S calvisitor-10-105-160-95 {logger}[0]: {message}", step=1000, levels=ONLY_INFO,
          below=("\tCFNetwork error -1001", "\tand its cause"), loggers=("kernel", "com.apple.cts", "Google Chrome Helper", "QQ"),
          messages=("ARPT: 620701.011328: AirPort_Brcm43xx::syncPowerState: WWEN[enabled]", "AppleThunderboltNHIType2::prePCIWake - power up complete",
                    "com.apple.cts.x: scheduler_evaluate_activity told me to run this job; however, but the start time isn't for 1 seconds.", "en0: BSSID changed to 5c:50")),
    _kind("Proxifier", "proxifier", "[%m.%d %H:%M:%S] {logger} - proxy.example.edu:5070 {message}", step=1000, levels=ONLY_INFO,
          loggers=("chrome.exe", "Dropbox.exe *64"), shows=lambda message: f"proxy.example.edu:5070 {message}",
          messages=("open through proxy proxy.example.edu:5070 HTTPS", "close, 403 bytes sent, 426 bytes received, lifetime 00:02",
                    "close, 0 bytes sent, 0 bytes received, lifetime <1 sec")),
    _kind("HealthApp", "healthapp", "%Y%m%d-%H:%M:%S:{ms}|{logger}|30002312|{message}", levels=ONLY_INFO,
          loggers=("Step_LSC", "Step_SPUtils", "HiH_HiSyncControl"),
          messages=("onStandStepChanged 3579", "calculateCaloriesWithCache totalCalories=126775", "getTodayTotalDetailSteps = 1514038440000##6993##548365##8661##12266##27164404",
                    "setTodayTotalDetailSteps=1514038440000##7007")),
    _kind("OpenSSH", "syslog", "%b {day:2d} %H:%M:%S LabSZ {logger}[24200]: {message}", step=1000, levels=ONLY_INFO, loggers=("sshd",),
          messages=("Invalid user webmaster from 192.0.2.186", "input_userauth_request: invalid user webmaster [preauth]",
                    "pam_unix(sshd:auth): check pass; user unknown", "Failed password for root from 192.0.2.9 port 38926 ssh2",
                    "Received disconnect from 192.0.2.9: 11: Bye Bye [preauth]")),
    _kind("Linux", "syslog", "%b {day:2d} %H:%M:%S combo {logger}: {message}", step=1000, levels=ONLY_INFO,
          loggers=("kernel", "sshd(pam_unix)[19939]", "ftpd[23154]"), reads_logger=False,
          messages=("authentication failure; logname= uid=0 euid=0 tty=NODEVssh ruser= rhost=192.0.2.4 ", "Linux version 2.6.5-1.358",
                    "connection from 192.0.2.67 () at Sat Jul  9 12:16:51 2005 ", "PCI: Using ACPI for IRQ routing")),
    _kind("Apache", "apache", "[%a %b %d %H:%M:%S %Y] [{level}] {message}", step=1000, reads_logger=False,
          levels={D: "debug", I: "notice", W: "warn", E: "error", F: "emerg"},
          messages=("workerEnv.init() ok /etc/httpd/conf/workers2.properties", "mod_jk child workerEnv in error state 6",
                    "jk2_init() Found child 6725 in scoreboard slot 10", "LDAP: SSL support unavailable")),
    _kind("Android", "logcat", "%m-%d %H:%M:%S.{ms}  1702  2395 {level} {logger}: {message}", levels={**LETTER, D: "V"},
          loggers=("WindowManager", "PowerManagerService", "chatty"), below=INDENTED,
          messages=("printFreezingDisplayLogsopening app wtoken = AppWindowToken{9f4ef63 token=Token{a64f992}}", "acquire lock=233570404, flags=0x1",
                    "release:lock=166121161, flg=0x0, tag=\"RILJ\", name=com.android.phone\"", "")),
]  # fmt: skip
"""The sixteen kinds of the loghub collection."""

OTHERS = [
    _kind("logcat brief", "logcat", "{level}/{logger}( 1702): {message}", levels=LETTER, step=0),
    _kind("RFC 5424", "syslog", "<{level}>1 %Y-%m-%dT%H:%M:%S.{us}Z web1 {logger} 71 ID47 - {message}",
          levels={D: "15", I: "14", W: "12", E: "11", F: "10"}),
    _kind("RFC 3164", "syslog", "<{level}>%b {day:2d} %H:%M:%S web1 {logger}[71]: {message}", step=1000,
          levels={D: "15", I: "14", W: "12", E: "11", F: "10"}),
    _kind("journald", "journald", "%Y-%m-%dT%H:%M:%S+0000 web1 {logger}[1]: {message}", step=1000, levels=ONLY_INFO),
    _kind("nginx errors", "nginx", "%Y/%m/%d %H:%M:%S [{level}] 1234#5678: *90 {message}", step=1000, reads_logger=False,
          levels={D: "debug", I: "notice", W: "warn", E: "error", F: "crit"}),
    _kind("access log", "access", '192.0.2.7 - - [%d/%b/%Y:%H:%M:%S +0000] "{message}" {level} 512 "-" "Mozilla/5.0 (X11; x)"', step=1000,
          levels={I: "200", W: "404", E: "502"}, reads_logger=False, messages=("GET /a HTTP/1.1", "POST /b?x=[1] HTTP/2.0", "-")),
    _kind("PostgreSQL", "postgresql", "%Y-%m-%d %H:%M:%S.{ms} UTC [4711] anna@shop {level}:  {message}", reads_logger=False,
          levels={D: "DEBUG1", I: "LOG", W: "WARNING", E: "ERROR", F: "FATAL"}, below=("\tSELECT 1", "\tFROM x")),
    _kind("MySQL", "mysql", "%Y-%m-%dT%H:%M:%S.{us}Z 0 [{level}] [MY-010116] [{logger}] {message}", loggers=("Server", "InnoDB"),
          levels={I: "Note", W: "Warning", E: "ERROR"}),
    _kind("MongoDB", "mongodb", "%Y-%m-%dT%H:%M:%S.{ms}+0000 {level} {logger}  [conn12] {message}", loggers=("NETWORK", "STORAGE"), levels=LETTER),
    _kind("Redis", "redis", "1234:M %d %b %Y %H:%M:%S.{ms} {level} {message}", levels={D: "-", I: "*", W: "#"}, reads_logger=False),
    _kind("Elasticsearch", "elasticsearch", "[%Y-%m-%dT%H:%M:%S,{ms}][{level:5}][{logger:8}] [es1] {message}", loggers=("o.e.n.Node",), below=JAVA),
    _kind("Kafka", "kafka", "[%Y-%m-%d %H:%M:%S,{ms}] {level} {message} ({logger})", loggers=("kafka.server.KafkaServer",), below=JAVA),
    _kind("Python", "python", "%Y-%m-%d %H:%M:%S,{ms} - {logger} - {level} - {message}", levels=PY, below=PYTHON),
    _kind("Python basic", "python", "{level}:{logger}:{message}", levels=PY, step=0, below=PYTHON),
    _kind("loguru", "loguru", "%Y-%m-%d %H:%M:%S.{ms} | {level:8} | {logger}:run:41 - {message}", levels=PY, below=PYTHON),
    _kind("Jupyter", "jupyter", "[{level} %Y-%m-%d %H:%M:%S.{ms} {logger}] {message}", levels={**LETTER, F: "C"}, below=PYTHON),
    _kind("gunicorn", "gunicorn", "[%Y-%m-%d %H:%M:%S +0000] [71] [{level}] {message}", levels=PY, step=1000, reads_logger=False, below=PYTHON),
    _kind("Celery", "celery", "[%Y-%m-%d %H:%M:%S,{ms}: {level}/MainProcess] {message}", levels=PY, reads_logger=False, below=PYTHON),
    _kind("logback", "logback", "%Y-%m-%d %H:%M:%S.{ms} [http-nio-1] {level:5} {logger} - {message}", below=JAVA),
    _kind("Spring Boot", "spring", "%Y-%m-%dT%H:%M:%S.{ms}Z {level:>5} 4711 --- [shop] [  main] {logger:40} : {message}", below=JAVA),
    _kind("Tomcat", "tomcat", "%d-%b-%Y %H:%M:%S.{ms} {level} [main] {logger} {message}", below=JAVA,
          levels={D: "FINE", I: "INFO", W: "WARNING", E: "SEVERE"}),
    _kind("klog", "klog", "{level}%m%d %H:%M:%S.{us}    4711 {logger}:56] {message}", loggers=("server.go",), levels={I: "I", W: "W", E: "E", F: "F"}),
    _kind("env_logger", "rust", "[%Y-%m-%dT%H:%M:%SZ {level:5} {logger}] {message}", loggers=("shop::cart",), step=1000,
          levels={D: "TRACE", I: "INFO", W: "WARN", E: "ERROR"}),
    _kind("tracing", "rust", "%Y-%m-%dT%H:%M:%S.{us}Z {level:>5} {logger}: {message}", loggers=("shop::cart",),
          levels={D: "DEBUG", I: "INFO", W: "WARN", E: "ERROR"}),
    _kind("Ruby", "ruby", "I, [%Y-%m-%dT%H:%M:%S.{us} #4711] {level:>5} -- : {message}", reads_logger=False),
    _kind("zap", "zap", "%Y-%m-%dT%H:%M:%S.{ms}Z\t{level}\t{logger}\tapp/a.go:12\t{message}"),
    _kind("CRI", "cri", "%Y-%m-%dT%H:%M:%S.{us}789Z stderr F {message}", levels=ONLY_INFO, reads_logger=False),
    _kind("dotnet", "dotnet", "{level}: {logger}[14] {message}", step=0, levels={D: "dbug", I: "info", W: "warn", E: "fail", F: "crit"}, below=INDENTED),
    _kind("ISO", "iso", "%Y-%m-%d %H:%M:%S.{us}123 +0000 {level} {logger}: {message}", below=INDENTED),
    _kind("logfmt", "logfmt", 'time=%Y-%m-%dT%H:%M:%S.{ms}Z level={level} logger={logger} msg="{message}" shard=3', levels=LOWER),
    _json_kind("pino", lambda said, kind: {"level": int(kind.word(said)), "time": _ms(said), "pid": 7, "hostname": "h",
                                           "name": said.logger, "msg": said.message}, PINO),
    _json_kind("bunyan", lambda said, kind: {"name": said.logger, "hostname": "h", "pid": 7, "level": int(kind.word(said)),
                                             "msg": said.message, "time": _iso(said), "v": 0}, PINO),
    _json_kind("zerolog", lambda said, kind: {"level": kind.word(said), "time": _iso(said), "logger": said.logger,
                                              "message": said.message}, LOWER),
    _json_kind("ECS", lambda said, kind: {"@timestamp": _iso(said), "log.level": kind.word(said), "message": said.message,
                                          "log.logger": said.logger}, UPPER),
    _json_kind("MongoDB JSON", lambda said, kind: {"t": {"$date": _iso(said)}, "s": kind.word(said), "c": said.logger, "id": 1,
                                                   "ctx": "conn1", "msg": said.message, "attr": {"a": 1}}, LETTER),
]  # fmt: skip

KINDS = [*LOGHUB, *OTHERS]
