-- Which of its journals a workstation told of last: another one is a reinstallation, the former one
-- come back included.
CREATE TABLE present_journals (
    workstation INTEGER PRIMARY KEY,
    generation  TEXT NOT NULL
);

INSERT INTO present_journals (workstation, generation)
SELECT workstation, generation FROM journals AS j
WHERE rowid = (SELECT max(rowid) FROM journals WHERE workstation = j.workstation);
