-- Schema of the lending library, version 14
-- Written for PostgreSQL 15

BEGIN;

CREATE TYPE loan_state AS ENUM ('open', 'returned', 'overdue', 'lost');

CREATE TABLE branches (
    branch_id   serial PRIMARY KEY,
    name        text NOT NULL UNIQUE,
    street      text,
    opened_on   date
);

CREATE TABLE members (
    member_id   serial PRIMARY KEY,
    full_name   text NOT NULL,
    email       text UNIQUE,
    joined_on   date NOT NULL DEFAULT current_date,
    max_loans   integer NOT NULL DEFAULT 6,
    blocked     boolean NOT NULL DEFAULT false,
    home_branch integer REFERENCES branches (branch_id)
);

CREATE TABLE authors (
    author_id   serial PRIMARY KEY,
    name        text NOT NULL,
    born        smallint,
    died        smallint,
    CHECK (died IS NULL OR died > born)
);

CREATE TABLE books (
    isbn        char(13) PRIMARY KEY,
    title       text NOT NULL,
    published   smallint,
    language    char(2) NOT NULL DEFAULT 'en',
    shelf       varchar(12)
);

CREATE TABLE book_authors (
    isbn        char(13) REFERENCES books (isbn) ON DELETE CASCADE,
    author_id   integer REFERENCES authors (author_id),
    position    smallint NOT NULL DEFAULT 1,
    PRIMARY KEY (isbn, author_id)
);

CREATE TABLE copies (
    copy_id     bigserial PRIMARY KEY,
    isbn        char(13) NOT NULL REFERENCES books (isbn),
    branch_id   integer NOT NULL REFERENCES branches (branch_id),
    bought_on   date,
    price_cents integer CHECK (price_cents >= 0)
);

CREATE TABLE loans (
    loan_id     bigserial PRIMARY KEY,
    copy_id     bigint NOT NULL REFERENCES copies (copy_id),
    member_id   integer NOT NULL REFERENCES members (member_id),
    lent_at     timestamptz NOT NULL DEFAULT now(),
    due_on      date NOT NULL,
    returned_at timestamptz,
    state       loan_state NOT NULL DEFAULT 'open',
    renewals    smallint NOT NULL DEFAULT 0 CHECK (renewals <= 3)
);

CREATE TABLE fines (
    fine_id      bigserial PRIMARY KEY,
    loan_id      bigint NOT NULL REFERENCES loans (loan_id) ON DELETE RESTRICT,
    amount_cents integer NOT NULL,
    paid_at      timestamptz
);

CREATE INDEX loans_open_idx ON loans (member_id) WHERE state = 'open';
CREATE INDEX books_title_idx ON books (lower(title));
CREATE UNIQUE INDEX fines_loan_idx ON fines (loan_id);

CREATE VIEW overdue_loans AS
SELECT l.loan_id, m.full_name, b.title, current_date - l.due_on AS days_late
FROM loans l
JOIN members m ON m.member_id = l.member_id
JOIN copies c ON c.copy_id = l.copy_id
JOIN books b ON b.isbn = c.isbn
WHERE l.returned_at IS NULL
  AND l.due_on < current_date;

CREATE FUNCTION fine_for(days integer) RETURNS integer
LANGUAGE sql IMMUTABLE AS $$
    SELECT least(days * 20, 900)
$$;

CREATE FUNCTION close_loan() RETURNS trigger
LANGUAGE plpgsql AS $$
BEGIN
    IF NEW.returned_at IS NOT NULL AND OLD.returned_at IS NULL THEN
        NEW.state := 'returned';
        IF NEW.returned_at::date > NEW.due_on THEN
            INSERT INTO fines (loan_id, amount_cents)
            VALUES (NEW.loan_id, fine_for(NEW.returned_at::date - NEW.due_on));
        END IF;
    END IF;
    RETURN NEW;
END
$$;

CREATE TRIGGER loans_close
BEFORE UPDATE ON loans
FOR EACH ROW EXECUTE FUNCTION close_loan();

INSERT INTO branches (name, street, opened_on) VALUES
    ('Central', 'Mill Road 2', '1961-04-01'),
    ('Harbour', 'Pier 9', '1988-09-15'),
    ('Northgate', 'Elm Walk 40', '2007-02-28');

COMMIT;
