//! Tide table calculator: predicts high and low water from harmonic constants.
//!
//! The constants of a harbour are read from a small text file, one constituent
//! per line: name, amplitude in metres, phase in degrees, speed in degrees per
//! hour.

use std::collections::BTreeMap;
use std::env;
use std::fmt;
use std::fs;
use std::io::{self, BufRead};
use std::path::{Path, PathBuf};

use chrono::{DateTime, Duration, TimeZone, Utc};
use serde::Serialize;

/// Step of the scan for extremes, in minutes.
const SCAN_STEP: i64 = 6;

/// Heights below this are printed with a warning (metres above chart datum).
const SHALLOW: f64 = 0.45;

/// Constituents without which no prediction is made.
const REQUIRED: [&str; 4] = ["M2", "S2", "K1", "O1"];

#[derive(Debug)]
pub enum TideError {
    Io(io::Error),
    Syntax { line: usize, text: String },
    Missing(&'static str),
    EmptyRange,
}

impl fmt::Display for TideError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            TideError::Io(e) => write!(f, "cannot read constants: {e}"),
            TideError::Syntax { line, text } => write!(f, "line {line}: cannot parse {text:?}"),
            TideError::Missing(name) => write!(f, "constituent {name} is missing"),
            TideError::EmptyRange => write!(f, "the end lies before the start"),
        }
    }
}

impl From<io::Error> for TideError {
    fn from(e: io::Error) -> Self {
        TideError::Io(e)
    }
}

#[derive(Debug, Clone, PartialEq)]
pub struct Constituent {
    pub amplitude: f64,
    pub phase: f64,
    pub speed: f64,
}

impl Constituent {
    /// Contribution of this constituent `hours` after the epoch.
    pub fn at(&self, hours: f64) -> f64 {
        self.amplitude * (self.speed * hours - self.phase).to_radians().cos()
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub enum Kind {
    High,
    Low,
}

#[derive(Debug, Clone, Serialize)]
pub struct Extreme {
    pub when: DateTime<Utc>,
    pub height: f64,
    pub kind: Kind,
}

pub struct Harbour {
    pub name: String,
    mean_level: f64,
    parts: BTreeMap<String, Constituent>,
}

impl Harbour {
    pub fn new(name: &str, mean_level: f64) -> Self {
        Harbour {
            name: name.to_string(),
            mean_level,
            parts: BTreeMap::new(),
        }
    }

    /// Reads a constants file.
    pub fn load(path: &Path) -> Result<Self, TideError> {
        let stem = path.file_stem().unwrap_or_default().to_string_lossy();
        let mut harbour = Harbour::new(&stem, 2.75);
        let file = fs::File::open(path)?;
        for (i, row) in io::BufReader::new(file).lines().enumerate() {
            let row = row?;
            let row = row.trim();
            if row.is_empty() || row.starts_with('#') {
                continue;
            }
            let (name, part) = parse_row(row).ok_or_else(|| TideError::Syntax {
                line: i + 1,
                text: row.to_string(),
            })?;
            harbour.parts.insert(name, part);
        }
        harbour.check()?;
        Ok(harbour)
    }

    fn check(&self) -> Result<(), TideError> {
        for name in REQUIRED {
            if !self.parts.contains_key(name) {
                return Err(TideError::Missing(name));
            }
        }
        Ok(())
    }

    /// Water level in metres above chart datum.
    pub fn level(&self, when: DateTime<Utc>) -> f64 {
        let hours = hours_since_epoch(when);
        self.mean_level + self.parts.values().map(|p| p.at(hours)).sum::<f64>()
    }

    /// All high and low waters between two instants.
    pub fn extremes(
        &self,
        from: DateTime<Utc>,
        to: DateTime<Utc>,
    ) -> Result<Vec<Extreme>, TideError> {
        if to < from {
            return Err(TideError::EmptyRange);
        }
        let step = Duration::minutes(SCAN_STEP);
        let mut found = Vec::new();
        let mut a = self.level(from - step);
        let mut b = self.level(from);
        let mut when = from;
        while when <= to {
            let c = self.level(when + step);
            if b >= a && b > c {
                found.push(Extreme { when, height: b, kind: Kind::High });
            } else if b <= a && b < c {
                found.push(Extreme { when, height: b, kind: Kind::Low });
            }
            a = b;
            b = c;
            when = when + step;
        }
        Ok(found)
    }
}

/// Hours since 1 January 2000, 00:00 UTC.
fn hours_since_epoch(when: DateTime<Utc>) -> f64 {
    let epoch = Utc.with_ymd_and_hms(2000, 1, 1, 0, 0, 0).unwrap();
    (when - epoch).num_seconds() as f64 / 3600.0
}

fn parse_row(row: &str) -> Option<(String, Constituent)> {
    let mut cells = row.split_whitespace();
    let name = cells.next()?.to_uppercase();
    let amplitude = cells.next()?.parse().ok()?;
    let phase = cells.next()?.parse().ok()?;
    let speed = cells.next()?.parse().ok()?;
    Some((name, Constituent { amplitude, phase, speed }))
}

fn print_table(harbour: &Harbour, list: &[Extreme]) {
    println!("{}", harbour.name);
    for e in list {
        let mark = if e.height < SHALLOW { " !" } else { "" };
        println!("{}  {:>5.2} m  {:?}{}", e.when.format("%d %b %H:%M"), e.height, e.kind, mark);
    }
}

fn print_json(list: &[Extreme]) {
    println!("{}", serde_json::to_string_pretty(list).expect("plain data"));
}

struct Options {
    path: PathBuf,
    days: i64,
    json: bool,
}

fn parse_options(args: &[String]) -> Options {
    let mut options = Options {
        path: PathBuf::from("harbour.txt"),
        days: 3,
        json: false,
    };
    for arg in args {
        match arg.as_str() {
            "--json" => options.json = true,
            a if a.starts_with("--days=") => {
                options.days = a[7..].parse().unwrap_or(options.days);
            }
            a => options.path = PathBuf::from(a),
        }
    }
    options
}

fn main() -> Result<(), TideError> {
    let args: Vec<String> = env::args().skip(1).collect();
    let options = parse_options(&args);
    let harbour = Harbour::load(&options.path)?;
    let from = Utc::now();
    let list = harbour.extremes(from, from + Duration::days(options.days))?;
    if options.json {
        print_json(&list);
    } else {
        print_table(&harbour, &list);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sample() -> Harbour {
        let mut h = Harbour::new("test", 2.0);
        h.parts.insert("M2".into(), Constituent { amplitude: 1.0, phase: 0.0, speed: 28.984 });
        h
    }

    #[test]
    fn two_high_waters_a_day() {
        let from = Utc.with_ymd_and_hms(2026, 5, 1, 0, 0, 0).unwrap();
        let list = sample().extremes(from, from + Duration::hours(24)).unwrap();
        assert_eq!(list.iter().filter(|e| e.kind == Kind::High).count(), 2);
    }

    #[test]
    fn end_before_start_is_an_error() {
        let from = Utc.with_ymd_and_hms(2026, 5, 1, 0, 0, 0).unwrap();
        assert!(matches!(
            sample().extremes(from, from - Duration::hours(1)),
            Err(TideError::EmptyRange)
        ));
    }

    #[test]
    fn missing_constituent_is_reported() {
        assert!(matches!(sample().check(), Err(TideError::Missing("S2"))));
    }

    #[test]
    fn comment_is_no_row() {
        assert!(parse_row("M2 1.0 x 28.9").is_none());
    }
}
