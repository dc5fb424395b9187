PRAGMA foreign_keys=OFF;
BEGIN TRANSACTION;
CREATE TABLE IF NOT EXISTS "migrations" ("id" integer PRIMARY KEY AUTOINCREMENT NOT NULL, "timestamp" bigint NOT NULL, "name" varchar NOT NULL);
INSERT INTO migrations VALUES(1,1767225600000,'Registry1767225600000');
CREATE TABLE events (
     seq INTEGER PRIMARY KEY, ts TEXT NOT NULL, event TEXT NOT NULL, details TEXT NOT NULL,
     prev_digest TEXT NOT NULL, digest TEXT NOT NULL UNIQUE);
INSERT INTO events VALUES(0,'2026-01-15T10:00:00.000Z','policy.stored','{"policy_hash":"0xd3e44c66423019a8f849db576f2e2d36aa51f3bc1e5507fdb1769b27286e1dac","policy_id":"lksg@1.0.0","status":"active"}','0x0000000000000000000000000000000000000000000000000000000000000000','0x2b183a26f079ba2bb7bca1237f11914d877e861ccbfb5387aa40849ed6c5eab1');
INSERT INTO events VALUES(1,'2026-01-15T10:00:00.000Z','list.stored','{"as_of":"2026-01-15","blob_id":"0xe7ca9b8c81ded9db3a51c30f3acc66a292c1cfe4f5df80c57b3487aff0867cde","hash":"0xaad0cda7e3e1a94f0bc2f3ffe853d33bb2f312134536456c4e55380471bb6c36","id":"sanctions","kind":"sanctions"}','0x2b183a26f079ba2bb7bca1237f11914d877e861ccbfb5387aa40849ed6c5eab1','0x5c0b3a4ebb79eb0337234f10dd001158e388cf5528ce226b3759f855b29194ab');
INSERT INTO events VALUES(2,'2026-01-15T10:00:00.000Z','entry.registered','{"bundle_id":"0x41ee67d2cddda00309b8e6e72cac36f81439d04ad95077aeaf8dc159578bf286","company_digest":"0xfb9b80efc86b0e1ea7e0206083a9bf5bb1f192dcc0d98a0573448f795ccb46c3","entry_id":"f7d1abcb-5868-8e86-bcb2-181907938fe1","manifest_hash":"0xa326df461cdc146bc96c3c7e2c880313ce12f080a81a09632c995e4f523addf1","policy_hash":"0xd3e44c66423019a8f849db576f2e2d36aa51f3bc1e5507fdb1769b27286e1dac","proof_hash":"0xd0daaf2dae6f652562eb2ee6a93bc4704594f13e8661029c67d4e5f479c3f7cd","report_hash":"0xeb5af3fed413ea0bf01916ad8276de158cf28e60ee0f6e3e84ec1891b7b308ac","result":"ok","signer_kid":"00112233445566778899aabbccddeeff"}','0x5c0b3a4ebb79eb0337234f10dd001158e388cf5528ce226b3759f855b29194ab','0x0dbfd1d1a1feaab6de0ceaff1e18140c930da456d5c9eed00bc38b23dc60295c');
CREATE TABLE blobs (blob_id TEXT PRIMARY KEY, size INTEGER NOT NULL, retain_until TEXT) WITHOUT ROWID;
INSERT INTO blobs VALUES('0x41ee67d2cddda00309b8e6e72cac36f81439d04ad95077aeaf8dc159578bf286',6,NULL);
INSERT INTO blobs VALUES('0xe230e44fa7b07b0868f600dbf570d0799bbc33afce2e5276723f76565bd90f8a',9,'2026-01-16T10:00:00.000Z');
INSERT INTO blobs VALUES('0xe7ca9b8c81ded9db3a51c30f3acc66a292c1cfe4f5df80c57b3487aff0867cde',42,NULL);
CREATE TABLE policies (
     log_index INTEGER PRIMARY KEY REFERENCES events (seq), policy_hash TEXT NOT NULL UNIQUE, policy_id TEXT NOT NULL UNIQUE,
     format TEXT NOT NULL, id TEXT NOT NULL, version TEXT NOT NULL, status TEXT NOT NULL, document TEXT NOT NULL,
     created_at TEXT NOT NULL);
INSERT INTO policies VALUES(0,'0xd3e44c66423019a8f849db576f2e2d36aa51f3bc1e5507fdb1769b27286e1dac','lksg@1.0.0','v2','lksg','1.0.0','active','{"id":"lksg","version":"1.0.0"}','2026-01-15T10:00:00.000Z');
CREATE TABLE lists (
     log_index INTEGER PRIMARY KEY REFERENCES events (seq), hash TEXT NOT NULL, id TEXT NOT NULL, kind TEXT NOT NULL,
     as_of TEXT NOT NULL, blob_id TEXT NOT NULL REFERENCES blobs (blob_id), size INTEGER NOT NULL, entries INTEGER NOT NULL,
     unmatchable TEXT, created_at TEXT NOT NULL, UNIQUE (hash, as_of));
INSERT INTO lists VALUES(1,'0xaad0cda7e3e1a94f0bc2f3ffe853d33bb2f312134536456c4e55380471bb6c36','sanctions','sanctions','2026-01-15','0xe7ca9b8c81ded9db3a51c30f3acc66a292c1cfe4f5df80c57b3487aff0867cde',42,1,'{"id":1,"name":0,"person":1}','2026-01-15T10:00:00.000Z');
CREATE TABLE entries (
     log_index INTEGER PRIMARY KEY REFERENCES events (seq), entry_id TEXT NOT NULL UNIQUE, registered_at TEXT NOT NULL,
     bundle_id TEXT NOT NULL REFERENCES blobs (blob_id), manifest_hash TEXT, proof_hash TEXT, policy_hash TEXT,
     result TEXT NOT NULL, report_hash TEXT NOT NULL, signer_kid TEXT, company TEXT, company_salt TEXT);
INSERT INTO entries VALUES(2,'f7d1abcb-5868-8e86-bcb2-181907938fe1','2026-01-15T10:00:00.000Z','0x41ee67d2cddda00309b8e6e72cac36f81439d04ad95077aeaf8dc159578bf286','0xa326df461cdc146bc96c3c7e2c880313ce12f080a81a09632c995e4f523addf1','0xd0daaf2dae6f652562eb2ee6a93bc4704594f13e8661029c67d4e5f479c3f7cd','0xd3e44c66423019a8f849db576f2e2d36aa51f3bc1e5507fdb1769b27286e1dac','ok','0xeb5af3fed413ea0bf01916ad8276de158cf28e60ee0f6e3e84ec1891b7b308ac','00112233445566778899aabbccddeeff','ACME GmbH','bb818db484ec0d4391eefdf8ea174e57');
CREATE TABLE totals (entries INTEGER NOT NULL, blob_bytes INTEGER NOT NULL);
INSERT INTO totals VALUES(1,57);
DELETE FROM sqlite_sequence;
INSERT INTO sqlite_sequence VALUES('migrations',1);
CREATE TRIGGER events_never_change BEFORE UPDATE ON events BEGIN SELECT RAISE(ABORT, 'the log is append-only'); END;
CREATE TRIGGER events_never_go BEFORE DELETE ON events BEGIN SELECT RAISE(ABORT, 'the log is append-only'); END;
CREATE INDEX blobs_expiry ON blobs (retain_until) WHERE retain_until IS NOT NULL;
CREATE INDEX policies_by_id ON policies (id, log_index);
CREATE INDEX policies_by_status ON policies (status, log_index);
CREATE INDEX lists_by_id ON lists (id, log_index);
CREATE INDEX lists_by_age ON lists (id, as_of);
CREATE UNIQUE INDEX entries_once ON entries (bundle_id, ifnull(policy_hash, ''), report_hash);
CREATE INDEX entries_by_bundle_id ON entries (bundle_id, log_index);
CREATE INDEX entries_by_policy_hash ON entries (policy_hash, log_index);
CREATE INDEX entries_by_signer_kid ON entries (signer_kid, log_index);
CREATE INDEX entries_by_company ON entries (company, log_index);
CREATE INDEX entries_by_result ON entries (result, log_index);
CREATE INDEX entries_by_registered_at ON entries (registered_at, log_index);
CREATE TRIGGER entries_counted AFTER INSERT ON entries BEGIN UPDATE totals SET entries = entries + 1; END;
CREATE TRIGGER blobs_counted AFTER INSERT ON blobs BEGIN UPDATE totals SET blob_bytes = blob_bytes + NEW.size; END;
CREATE TRIGGER blobs_uncounted AFTER DELETE ON blobs BEGIN UPDATE totals SET blob_bytes = blob_bytes - OLD.size; END;
COMMIT;
