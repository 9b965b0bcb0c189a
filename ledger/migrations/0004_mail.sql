-- When a case was opened, and who has it before them since when.
ALTER TABLE cases ADD COLUMN opened_at TEXT NOT NULL DEFAULT '';
ALTER TABLE cases ADD COLUMN taken_at TEXT NOT NULL DEFAULT '';
ALTER TABLE cases ADD COLUMN taken_by TEXT NOT NULL DEFAULT '';

UPDATE cases SET opened_at = (
    SELECT json_extract(CAST(line AS TEXT), '$.time') FROM events WHERE seq = cases.opened
);

-- What became of each message about a case: taken by a mail server, or not.
CREATE TABLE letters (
    seq        INTEGER PRIMARY KEY,
    number     INTEGER NOT NULL,
    role       TEXT NOT NULL,
    repetition INTEGER NOT NULL,
    at         TEXT NOT NULL,
    delivered  INTEGER NOT NULL,
    permanent  INTEGER NOT NULL,
    reply      INTEGER NOT NULL,
    message_id TEXT NOT NULL
);

CREATE INDEX letters_by_case ON letters (number);

INSERT INTO letters
SELECT e.seq, json_extract(e.text, '$.body.fact.case'), 'officer', 1,
       json_extract(e.text, '$.time'), 1, 0, 0, json_extract(e.text, '$.body.fact.message_id')
FROM (SELECT seq, CAST(line AS TEXT) AS text FROM events) AS e
WHERE json_extract(e.text, '$.event') = 'MailDelivered';

-- Days of absence of the responsible user or their deputy, both included; an empty last day is an
-- end that nobody knows, and since back they are there whatever the last day says.
CREATE TABLE absences (
    absence INTEGER PRIMARY KEY,
    role    TEXT NOT NULL,
    first   TEXT NOT NULL,
    last    TEXT NOT NULL,
    back    TEXT NOT NULL DEFAULT '',
    ground  TEXT NOT NULL
);
