-- A journal as version 0.1.0 wrote it on 2026-11-28, schema 1: one entry of each kind at least.
-- It is what old journals are: never edit it; a newer schema gets a file of its own.
BEGIN TRANSACTION;
CREATE TABLE entry (
    id    INTEGER PRIMARY KEY,
    at    TEXT NOT NULL,     -- wall time, RFC 3339, UTC
    boot  TEXT NOT NULL,     -- the kernel's boot id: instants compare within one boot
    mono  REAL NOT NULL,     -- seconds on that boot's monotonic clock
    kind  TEXT NOT NULL,
    data  TEXT NOT NULL      -- JSON, the entry's fields
);
INSERT INTO "entry" VALUES(1,'2026-11-28T03:00:00.000+00:00','0b0e2c1a-7d1e-4a53-9a77-5f0f3c5f2a10',5000.0,'AgentStarted','{"version": "0.1.0", "pid": 4711}');
INSERT INTO "entry" VALUES(2,'2026-11-28T03:00:00.100+00:00','0b0e2c1a-7d1e-4a53-9a77-5f0f3c5f2a10',5000.1,'ActiveChanged','{"was": null, "active": "primary", "because": "found so"}');
INSERT INTO "entry" VALUES(3,'2026-11-28T03:00:00.200+00:00','0b0e2c1a-7d1e-4a53-9a77-5f0f3c5f2a10',5000.2,'DecisionMade','{"rule": "steady", "switch": false, "target": null, "because": "primary is unknown (not seen yet) and preferred", "until": null, "health": [["primary", "unknown", "not seen yet"], ["backup", "unknown", "not seen yet"]], "passed_over": [["paused", "automation is not paused"]], "thresholds": [["dwell", "60 s between automatic switches"]], "page": false, "again": false}');
INSERT INTO "entry" VALUES(4,'2026-11-28T03:00:01.000+00:00','0b0e2c1a-7d1e-4a53-9a77-5f0f3c5f2a10',5001.0,'HealthChanged','{"circuit": "primary", "was": "unknown", "state": "up", "because": "answering"}');
INSERT INTO "entry" VALUES(5,'2026-11-28T04:00:00.000+00:00','0b0e2c1a-7d1e-4a53-9a77-5f0f3c5f2a10',8600.0,'LineLearned','{"circuit": "primary", "day": 0, "seconds": 3600.0, "silences": [0.62, 1.31], "spells": []}');
INSERT INTO "entry" VALUES(6,'2026-11-28T05:00:00.000+00:00','0b0e2c1a-7d1e-4a53-9a77-5f0f3c5f2a10',12200.0,'LineLearned','{"circuit": "primary", "day": 0, "seconds": 7200.0, "silences": [0.62, 1.31, 2.05], "spells": []}');
INSERT INTO "entry" VALUES(7,'2026-11-28T05:01:40.000+00:00','0b0e2c1a-7d1e-4a53-9a77-5f0f3c5f2a10',12300.0,'TargetMuted','{"circuit": "primary", "target": "icmp 192.0.2.11", "muted": true}');
INSERT INTO "entry" VALUES(8,'2026-11-28T05:03:20.000+00:00','0b0e2c1a-7d1e-4a53-9a77-5f0f3c5f2a10',12400.0,'TargetMuted','{"circuit": "primary", "target": "icmp 192.0.2.11", "muted": false}');
INSERT INTO "entry" VALUES(9,'2026-11-28T05:13:20.000+00:00','0b0e2c1a-7d1e-4a53-9a77-5f0f3c5f2a10',13000.0,'HealthChanged','{"circuit": "primary", "was": "up", "state": "down", "because": "silent for 5.0 s: 39 probes to 5 targets unanswered"}');
INSERT INTO "entry" VALUES(10,'2026-11-28T05:13:20.000+00:00','0b0e2c1a-7d1e-4a53-9a77-5f0f3c5f2a10',13000.0,'DecisionMade','{"rule": "active-down", "switch": true, "target": "backup", "because": "primary is down (silent for 5.0 s)", "until": null, "health": [["primary", "down", "silent for 5.0 s"], ["backup", "unknown", "not seen yet"]], "passed_over": [["paused", "automation is not paused"]], "thresholds": [["switches within the hour", "0 of 6"]], "page": false, "again": false}');
INSERT INTO "entry" VALUES(11,'2026-11-28T05:13:20.000+00:00','0b0e2c1a-7d1e-4a53-9a77-5f0f3c5f2a10',13000.0,'SwitchoverIntended','{"id": "5f3a0c21", "source": "primary", "target": "backup", "rule": "active-down", "because": "primary is down (silent for 5.0 s)", "automatic": true, "actions": [["apply", "give the router backup''s values", ["ip -batch - <<''END''", "address replace 198.51.100.77/24 dev wan", "END"], ["ip -batch - <<''END''", "address replace 203.0.113.2/29 dev wan", "END"]]], "hold": null, "once": false, "who": "", "reason": ""}');
INSERT INTO "entry" VALUES(12,'2026-11-28T05:13:20.000+00:00','0b0e2c1a-7d1e-4a53-9a77-5f0f3c5f2a10',13000.0,'ActionBegun','{"id": "5f3a0c21", "name": "apply"}');
INSERT INTO "entry" VALUES(13,'2026-11-28T05:13:20.050+00:00','0b0e2c1a-7d1e-4a53-9a77-5f0f3c5f2a10',13000.05,'ActionDone','{"id": "5f3a0c21", "name": "apply", "words": "", "seconds": 0.045}');
INSERT INTO "entry" VALUES(14,'2026-11-28T05:13:20.060+00:00','0b0e2c1a-7d1e-4a53-9a77-5f0f3c5f2a10',1.30000600000000013096e+04,'ActionBegun','{"id": "5f3a0c21", "name": "announce"}');
INSERT INTO "entry" VALUES(15,'2026-11-28T05:13:20.100+00:00','0b0e2c1a-7d1e-4a53-9a77-5f0f3c5f2a10',13000.1,'ActionFailed','{"id": "5f3a0c21", "name": "announce", "because": "the router refused ''arping'': no such device"}');
INSERT INTO "entry" VALUES(16,'2026-11-28T05:13:20.300+00:00','0b0e2c1a-7d1e-4a53-9a77-5f0f3c5f2a10',13000.3,'SwitchoverEnded','{"id": "5f3a0c21", "source": "primary", "target": "backup", "rule": "active-down", "ending": "proved", "seconds": 0.3, "because": "icmp 192.0.2.10 answered within 0.00 s", "proof_failed": false, "changed": true, "whole": true}');
INSERT INTO "entry" VALUES(17,'2026-11-28T05:13:23.000+00:00','0b0e2c1a-7d1e-4a53-9a77-5f0f3c5f2a10',13003.0,'MailDrained','{"switchover": "5f3a0c21", "seconds": 2.7, "because": "the backup MX 10.20.0.25:25 has begun to deliver", "replies": [["example.com", "250 Queuing started"]]}');
INSERT INTO "entry" VALUES(18,'2026-11-28T05:13:24.000+00:00','0b0e2c1a-7d1e-4a53-9a77-5f0f3c5f2a10',13004.0,'TunnelChanged','{"tunnel": "customer-a", "was": "unknown", "state": "down", "because": "has not answered within 90 s"}');
INSERT INTO "entry" VALUES(19,'2026-11-28T05:13:25.000+00:00','0b0e2c1a-7d1e-4a53-9a77-5f0f3c5f2a10',13005.0,'TunnelsFailed','{"circuit": "backup", "because": "no tunnel comes up, though the Internet is there: customer-a"}');
INSERT INTO "entry" VALUES(20,'2026-11-28T05:13:30.000+00:00','0b0e2c1a-7d1e-4a53-9a77-5f0f3c5f2a10',13010.0,'RequestRefused','{"rule": "standby-not-better", "circuit": "primary", "because": "primary is down", "who": "ann"}');
INSERT INTO "entry" VALUES(21,'2026-11-28T05:13:40.000+00:00','0b0e2c1a-7d1e-4a53-9a77-5f0f3c5f2a10',13020.0,'SwitchoverIntended','{"id": "77aa0011", "source": "backup", "target": "primary", "rule": "operator-asked", "because": "ann asked for it", "automatic": false, "actions": [], "hold": null, "once": true, "who": "ann", "reason": "trying"}');
INSERT INTO "entry" VALUES(22,'2026-11-28T05:13:40.000+00:00','0b0e2c1a-7d1e-4a53-9a77-5f0f3c5f2a10',13020.0,'ActionBegun','{"id": "77aa0011", "name": "apply"}');
INSERT INTO "entry" VALUES(23,'2026-11-28T05:13:41.000+00:00','0b0e2c1a-7d1e-4a53-9a77-5f0f3c5f2a10',13021.0,'ActionUndone','{"id": "77aa0011", "name": "apply", "words": ""}');
INSERT INTO "entry" VALUES(24,'2026-11-28T05:14:00.000+00:00','0b0e2c1a-7d1e-4a53-9a77-5f0f3c5f2a10',13040.0,'SwitchoverEnded','{"id": "77aa0011", "source": "backup", "target": "primary", "rule": "operator-asked", "ending": "undone", "seconds": 20.4, "because": "no target answered within 20 s", "proof_failed": true, "changed": true, "whole": true}');
INSERT INTO "entry" VALUES(25,'2026-11-28T05:14:01.000+00:00','0b0e2c1a-7d1e-4a53-9a77-5f0f3c5f2a10',13041.0,'MailNotDrained','{"switchover": "77aa0011", "seconds": 900.0, "because": "the backup MX 10.20.0.25:25 does not answer: no route to host", "replies": []}');
INSERT INTO "entry" VALUES(26,'2026-11-28T05:14:10.000+00:00','0b0e2c1a-7d1e-4a53-9a77-5f0f3c5f2a10',13050.0,'PauseBegan','{"seconds": 600.0, "who": "ann"}');
INSERT INTO "entry" VALUES(27,'2026-11-28T05:14:20.000+00:00','0b0e2c1a-7d1e-4a53-9a77-5f0f3c5f2a10',13060.0,'PauseEnded','{"because": "ann resumed it"}');
INSERT INTO "entry" VALUES(28,'2026-11-28T05:14:30.000+00:00','0b0e2c1a-7d1e-4a53-9a77-5f0f3c5f2a10',13070.0,'HoldBegan','{"circuit": "backup", "seconds": 60.0, "who": "ann", "reason": "works on the line"}');
INSERT INTO "entry" VALUES(29,'2026-11-28T05:15:30.000+00:00','0b0e2c1a-7d1e-4a53-9a77-5f0f3c5f2a10',13130.0,'HoldEnded','{"circuit": "backup", "because": "its time is over"}');
INSERT INTO "entry" VALUES(30,'2026-11-28T05:16:40.000+00:00','0b0e2c1a-7d1e-4a53-9a77-5f0f3c5f2a10',13200.0,'HoldBegan','{"circuit": "backup", "seconds": null, "who": "bob", "reason": "the line is being dug up"}');
INSERT INTO "entry" VALUES(31,'2026-11-28T05:16:40.000+00:00','0b0e2c1a-7d1e-4a53-9a77-5f0f3c5f2a10',13200.0,'PauseBegan','{"seconds": null, "who": "bob"}');
INSERT INTO "entry" VALUES(32,'2026-11-28T05:18:20.000+00:00','0b0e2c1a-7d1e-4a53-9a77-5f0f3c5f2a10',13300.0,'LineLearned','{"circuit": "backup", "day": 0, "seconds": 300.0, "silences": [], "spells": []}');
INSERT INTO "entry" VALUES(33,'2026-11-28T05:20:00.000+00:00','0b0e2c1a-7d1e-4a53-9a77-5f0f3c5f2a10',13400.0,'JournalSetAside','{"file": "journal.db.damaged-20261127T101500Z", "because": "file is not a database"}');
INSERT INTO "entry" VALUES(34,'2026-11-28T05:21:40.000+00:00','0b0e2c1a-7d1e-4a53-9a77-5f0f3c5f2a10',13500.0,'AgentStopped','{"why": "it was told to"}');
CREATE INDEX entry_kind ON entry (kind, id);
PRAGMA user_version=1;
COMMIT;
