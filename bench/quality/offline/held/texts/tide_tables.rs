//! Reads tide tables and works out when a boat of a given draught may pass the bar.
use std::collections::BTreeMap;
use std::fmt;
use std::fs::File;
use std::io::{self, BufRead, BufReader};
use std::path::Path;

use chrono::{Duration, NaiveDateTime};
use thiserror::Error;

/// Metres of water that have to stay under the keel.
pub const UNDER_KEEL: f64 = 0.35;
const DEFAULT_DRAUGHT: f64 = 1.2;
const MAX_GAP_HOURS: i64 = 9;

#[derive(Debug, Error)]
pub enum TideError {
    #[error("line {0}: expected four fields")]
    Fields(usize),
    #[error("line {0}: bad time")]
    Time(usize),
    #[error("unknown station {0}")]
    Station(String),
    #[error(transparent)]
    Io(#[from] io::Error),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    High,
    Low,
}

#[derive(Debug, Clone)]
pub struct Turn {
    pub at: NaiveDateTime,
    pub height: f64,
    pub kind: Kind,
}

#[derive(Default)]
pub struct Table {
    turns: BTreeMap<u16, Vec<Turn>>,
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Kind::High => write!(f, "HW"),
            Kind::Low => write!(f, "LW"),
        }
    }
}

/// Station number of a port, as printed in the yellow book.
pub fn station_number(port: &str) -> Result<u16, TideError> {
    match port {
        "Wilhelmshaven" => Ok(512),
        "Cuxhaven" => Ok(506),
        "Husum" => Ok(523),
        "Emden" => Ok(502),
        "Norderney" => Ok(111),
        "Dagebuell" => Ok(630),
        "Esbjerg" => Ok(905),
        "Brunsbuettel" => Ok(600),
        other => Err(TideError::Station(other.to_string())),
    }
}

fn parse_line(no: usize, line: &str) -> Result<Option<(u16, Turn)>, TideError> {
    let line = line.trim();
    if line.is_empty() || line.starts_with('#') {
        return Ok(None);
    }
    let parts: Vec<&str> = line.split(';').collect();
    if parts.len() != 4 {
        return Err(TideError::Fields(no));
    }
    let station = station_number(parts[0])?;
    let at = NaiveDateTime::parse_from_str(parts[1], "%Y-%m-%d %H:%M")
        .map_err(|_| TideError::Time(no))?;
    let height: f64 = parts[2].replace(',', ".").parse().unwrap_or(0.0);
    let kind = if parts[3] == "H" { Kind::High } else { Kind::Low };
    Ok(Some((station, Turn { at, height, kind })))
}

impl Table {
    pub fn load(path: &Path) -> Result<Self, TideError> {
        let reader = BufReader::new(File::open(path)?);
        let mut table = Table::default();
        for (i, line) in reader.lines().enumerate() {
            if let Some((station, turn)) = parse_line(i + 1, &line?)? {
                table.turns.entry(station).or_default().push(turn);
            }
        }
        for list in table.turns.values_mut() {
            list.sort_by_key(|t| t.at);
        }
        Ok(table)
    }

    fn around(&self, station: u16, at: NaiveDateTime) -> Option<(&Turn, &Turn)> {
        let list = self.turns.get(&station)?;
        let next = list.iter().position(|t| t.at > at)?;
        if next == 0 {
            return None;
        }
        let (a, b) = (&list[next - 1], &list[next]);
        if b.at - a.at > Duration::hours(MAX_GAP_HOURS) {
            return None;
        }
        Some((a, b))
    }

    /// Height of the water by the cosine rule.
    pub fn height_at(&self, station: u16, at: NaiveDateTime) -> Option<f64> {
        let (a, b) = self.around(station, at)?;
        let whole = (b.at - a.at).num_seconds() as f64;
        let part = (at - a.at).num_seconds() as f64;
        let phase = std::f64::consts::PI * part / whole;
        Some(a.height + (b.height - a.height) * (1.0 - phase.cos()) / 2.0)
    }

    pub fn may_pass(&self, station: u16, at: NaiveDateTime, draught: Option<f64>) -> bool {
        let need = draught.unwrap_or(DEFAULT_DRAUGHT) + UNDER_KEEL;
        matches!(self.height_at(station, at), Some(h) if h >= need)
    }

    pub fn windows(&self, station: u16, from: NaiveDateTime, hours: i64) -> Vec<NaiveDateTime> {
        // FIXME: steps of ten minutes are too coarse for Husum
        (0..hours * 6)
            .map(|k| from + Duration::minutes(10 * k))
            .filter(|t| self.may_pass(station, *t, None))
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn knows_husum() {
        assert_eq!(station_number("Husum").unwrap(), 523);
    }

    #[test]
    fn refuses_short_lines() {
        assert!(matches!(parse_line(7, "Husum;x"), Err(TideError::Fields(7))));
    }

    #[test]
    fn skips_comments() {
        assert!(parse_line(1, "# yellow book 2026").unwrap().is_none());
    }
}
