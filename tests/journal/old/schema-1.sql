PRAGMA user_version=1;
BEGIN TRANSACTION;
CREATE TABLE entry (
    id    INTEGER PRIMARY KEY,
    at    TEXT NOT NULL,     -- wall time, RFC 3339, UTC
    boot  TEXT NOT NULL,     -- the kernel's boot id: instants compare within one boot
    mono  REAL NOT NULL,     -- seconds on that boot's monotonic clock
    kind  TEXT NOT NULL,
    data  TEXT NOT NULL      -- JSON, the entry's fields
);
INSERT INTO "entry" VALUES(1,'2026-11-20T03:00:00.000+00:00','0d4c1a52-old',100.0,'AgentStarted','{"version": "0.1.0", "pid": 812}');
INSERT INTO "entry" VALUES(2,'2026-11-20T03:00:00.100+00:00','0d4c1a52-old',100.1,'ActiveChanged','{"was": null, "active": "primary", "because": "the router was found there"}');
INSERT INTO "entry" VALUES(3,'2026-11-20T03:00:00.100+00:00','0d4c1a52-old',100.1,'DecisionMade','{"rule": "steady", "switch": false, "target": null, "because": "primary is up (answering) and preferred", "until": null, "health": [["primary", "up", "answering"], ["backup", "unknown", "not seen yet"]], "passed_over": [], "thresholds": [], "page": false, "again": false}');
INSERT INTO "entry" VALUES(4,'2026-11-20T03:00:01.100+00:00','0d4c1a52-old',101.1,'HealthChanged','{"circuit": "primary", "was": "unknown", "state": "up", "because": "answering"}');
INSERT INTO "entry" VALUES(5,'2026-11-20T03:10:01.100+00:00','0d4c1a52-old',701.1,'LineLearned','{"circuit": "primary", "day": 0, "seconds": 600.0, "silences": [0.4], "spells": []}');
INSERT INTO "entry" VALUES(6,'2026-11-20T03:26:41.100+00:00','0d4c1a52-old',1701.1,'HealthChanged','{"circuit": "primary", "was": "up", "state": "down", "because": "silent for 5.0 s: 39 probes to 5 targets unanswered"}');
INSERT INTO "entry" VALUES(7,'2026-11-20T03:26:41.100+00:00','0d4c1a52-old',1701.1,'DecisionMade','{"rule": "active-down", "switch": true, "target": "backup", "because": "primary is down (silent for 5.0 s: 39 probes to 5 targets unanswered)", "until": null, "health": [["primary", "down", "silent for 5.0 s"], ["backup", "up", "answering"]], "passed_over": [], "thresholds": [], "page": false, "again": false}');
INSERT INTO "entry" VALUES(8,'2026-11-20T03:26:41.110+00:00','0d4c1a52-old',1701.11,'SwitchoverIntended','{"id": "a1b2c3", "source": "primary", "target": "backup", "rule": "active-down", "because": "primary is down (silent for 5.0 s: 39 probes to 5 targets unanswered)", "automatic": true, "actions": [["apply", "set address and gateway", ["address replace"], ["address delete"]]], "hold": null, "once": false, "who": "", "reason": ""}');
INSERT INTO "entry" VALUES(9,'2026-11-20T03:26:41.120+00:00','0d4c1a52-old',1701.12,'ActionBegun','{"id": "a1b2c3", "name": "apply"}');
INSERT INTO "entry" VALUES(10,'2026-11-20T03:26:41.170+00:00','0d4c1a52-old',1.70116999999999984538e+03,'ActionDone','{"id": "a1b2c3", "name": "apply", "words": "", "seconds": 0.045}');
INSERT INTO "entry" VALUES(11,'2026-11-20T03:26:41.270+00:00','0d4c1a52-old',1.70126999999999975444e+03,'SwitchoverEnded','{"id": "a1b2c3", "source": "primary", "target": "backup", "rule": "active-down", "ending": "proved", "seconds": 0.21, "because": "icmp 192.0.2.10 answered within 0.00 s", "proof_failed": false, "changed": true, "whole": true}');
INSERT INTO "entry" VALUES(12,'2026-11-20T03:26:41.370+00:00','0d4c1a52-old',1.7013699999999996635e+03,'TunnelChanged','{"tunnel": "customer-a", "was": "up", "state": "renewing", "because": "no answer yet"}');
INSERT INTO "entry" VALUES(13,'2026-11-20T03:26:41.370+00:00','0d4c1a52-old',1.7013699999999996635e+03,'MailDrained','{"switchover": "a1b2c3", "seconds": 1.2, "because": "the backup MX has begun to deliver", "replies": [["example.com", "250 Queuing started"]]}');
INSERT INTO "entry" VALUES(14,'2026-11-20T03:27:41.370+00:00','0d4c1a52-old',1.76136999999999966344e+03,'HoldBegan','{"circuit": "backup", "seconds": null, "who": "ann", "reason": "works on the line"}');
INSERT INTO "entry" VALUES(15,'2026-11-20T03:28:41.370+00:00','0d4c1a52-old',1.82136999999999966357e+03,'PauseBegan','{"seconds": 1800.0, "who": "ann"}');
INSERT INTO "entry" VALUES(16,'2026-11-20T03:28:41.370+00:00','0d4c1a52-old',1.82136999999999966357e+03,'PauseEnded','{"because": "ann ended it"}');
CREATE INDEX entry_kind ON entry (kind, id);
COMMIT;
