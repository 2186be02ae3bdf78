//! Disk-backed spool for outgoing measurement batches.
//!
//! Field stations lose their uplink for hours. Batches are therefore written
//! to numbered segment files first and handed to the uploader afterwards.
//! A segment is removed only after every batch in it has been acknowledged.
//!
//! On-disk layout:
//!
//! ```text
//! spool/
//!   00000001.seg
//!   00000002.seg
//!   spool.lock
//! ```

use std::collections::{BTreeMap, HashMap, VecDeque};
use std::fmt;
use std::fs::{self, File, OpenOptions};
use std::io::{self, BufReader, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

/// Four magic bytes at the start of each segment.
pub const MAGIC: [u8; 4] = *b"SPL2";
/// Version written into new segments.
const FORMAT_VERSION: u8 = 2;
/// Oldest version that can still be read.
const OLDEST_READABLE: u8 = 1;
/// Length of the segment header in bytes: magic, version, three reserved.
const HEADER_LEN: u64 = 8;
/// Length of a record header: u32 length, u32 checksum, u64 sequence.
const RECORD_HEADER_LEN: usize = 16;
/// Largest batch accepted by `append`, in bytes.
pub const MAX_BATCH: usize = 512 * 1024;
/// A segment is closed once it has grown past this size.
const SEGMENT_LIMIT: u64 = 8 * 1024 * 1024;
const LOCK_NAME: &str = "spool.lock";
const DEFAULT_MAX_RETRIES: u32 = 7;

#[derive(Debug)]
pub enum SpoolError {
    Io(io::Error),
    /// Another process holds the lock; the value is its pid.
    Locked(u32),
    BadMagic(PathBuf),
    UnsupportedVersion { found: u8, path: PathBuf },
    Checksum { seq: u64, want: u32, got: u32 },
    TooLarge(usize),
    /// The quota would be exceeded and the policy forbids dropping.
    Full { used: u64, quota: u64 },
    UnknownSequence(u64),
}

impl fmt::Display for SpoolError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            SpoolError::Io(e) => write!(f, "i/o error: {e}"),
            SpoolError::Locked(pid) => write!(f, "spool is locked by process {pid}"),
            SpoolError::BadMagic(p) => write!(f, "{} is not a segment", p.display()),
            SpoolError::UnsupportedVersion { found, path } => {
                write!(f, "{}: version {found} is not supported", path.display())
            }
            SpoolError::Checksum { seq, want, got } => {
                write!(f, "record {seq}: checksum {got:08x}, expected {want:08x}")
            }
            SpoolError::TooLarge(n) => write!(f, "batch of {n} bytes exceeds {MAX_BATCH}"),
            SpoolError::Full { used, quota } => write!(f, "spool full: {used} of {quota} bytes"),
            SpoolError::UnknownSequence(s) => write!(f, "sequence {s} was never issued"),
        }
    }
}

impl std::error::Error for SpoolError {}

impl From<io::Error> for SpoolError {
    fn from(e: io::Error) -> Self {
        SpoolError::Io(e)
    }
}

pub type Result<T> = std::result::Result<T, SpoolError>;

/// What to do when the quota is reached.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum FullPolicy {
    /// Return `SpoolError::Full`.
    Reject,
    /// Delete the oldest segment, acknowledged or not.
    #[default]
    DropOldest,
    /// Wait until the uploader has made room.
    Block,
}

#[derive(Debug, Clone)]
pub struct Options {
    /// Directory of the segments.
    pub dir: PathBuf,
    /// Upper limit for all segments together.
    pub quota: u64,
    pub policy: FullPolicy,
    /// Call fsync after each append.
    pub sync: bool,
    pub max_retries: u32,
    /// First pause of the exponential backoff.
    pub base_delay: Duration,
    pub max_delay: Duration,
}

impl Default for Options {
    fn default() -> Self {
        Options {
            dir: PathBuf::from("/var/lib/fieldlog/spool"),
            quota: 256 * 1024 * 1024,
            policy: FullPolicy::default(),
            sync: true,
            max_retries: DEFAULT_MAX_RETRIES,
            base_delay: Duration::from_millis(750),
            max_delay: Duration::from_secs(300),
        }
    }
}

/// One batch as it comes back from the disk.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Record {
    pub seq: u64,
    pub payload: Vec<u8>,
}

#[derive(Debug)]
struct Segment {
    number: u32,
    path: PathBuf,
    len: u64,
    first_seq: u64,
    /// Count of records not yet acknowledged.
    open: usize,
}

#[derive(Debug, Default, Clone, Copy)]
pub struct Stats {
    pub appended: u64,
    pub acked: u64,
    pub dropped: u64,
    pub corrupt: u64,
    pub retries: u64,
}

pub struct Spool {
    opts: Options,
    segments: BTreeMap<u32, Segment>,
    current: Option<File>,
    next_seq: u64,
    pending: VecDeque<u64>,
    attempts: HashMap<u64, u32>,
    owner: HashMap<u64, u32>,
    stats: Stats,
}

impl Spool {
    /// Opens the directory, takes the lock and scans existing segments.
    pub fn open(opts: Options) -> Result<Self> {
        fs::create_dir_all(&opts.dir)?;
        take_lock(&opts.dir)?;
        let mut spool = Spool {
            opts,
            segments: BTreeMap::new(),
            current: None,
            next_seq: 1,
            pending: VecDeque::new(),
            attempts: HashMap::new(),
            owner: HashMap::new(),
            stats: Stats::default(),
        };
        spool.recover()?;
        Ok(spool)
    }

    /// Appends one batch and returns its sequence number.
    pub fn append(&mut self, payload: &[u8]) -> Result<u64> {
        if payload.len() > MAX_BATCH {
            return Err(SpoolError::TooLarge(payload.len()));
        }
        let need = (RECORD_HEADER_LEN + payload.len()) as u64;
        self.make_room(need)?;
        self.rotate_if_needed(need)?;

        let seq = self.next_seq;
        let sum = checksum(payload);
        let mut head = [0u8; RECORD_HEADER_LEN];
        head[0..4].copy_from_slice(&(payload.len() as u32).to_le_bytes());
        head[4..8].copy_from_slice(&sum.to_le_bytes());
        head[8..16].copy_from_slice(&seq.to_le_bytes());

        let file = self.current.as_mut().expect("segment is open after rotate");
        file.write_all(&head)?;
        file.write_all(payload)?;
        if self.opts.sync {
            file.sync_data()?;
        }

        let (number, seg) = self
            .segments
            .iter_mut()
            .next_back()
            .expect("at least one segment");
        seg.len += need;
        seg.open += 1;
        self.owner.insert(seq, *number);
        self.pending.push_back(seq);
        self.next_seq += 1;
        self.stats.appended += 1;
        Ok(seq)
    }

    /// Marks a batch as delivered. Removes the segment when it is empty.
    pub fn ack(&mut self, seq: u64) -> Result<bool> {
        let number = self
            .owner
            .remove(&seq)
            .ok_or(SpoolError::UnknownSequence(seq))?;
        self.attempts.remove(&seq);
        self.pending.retain(|s| *s != seq);
        self.stats.acked += 1;

        let newest = self.segments.keys().next_back().copied();
        let seg = match self.segments.get_mut(&number) {
            Some(s) => s,
            None => return Ok(false),
        };
        seg.open = seg.open.saturating_sub(1);
        if seg.open == 0 && newest != Some(number) {
            let path = seg.path.clone();
            self.segments.remove(&number);
            fs::remove_file(path)?;
            return Ok(true);
        }
        Ok(false)
    }

    /// Puts a batch back after a failed upload.
    ///
    /// Returns the pause before the next attempt, or `None` when the batch
    /// has used up all its retries and was given up.
    pub fn nack(&mut self, seq: u64) -> Option<Duration> {
        let tries = self.attempts.entry(seq).or_insert(0);
        *tries += 1;
        self.stats.retries += 1;
        if *tries > self.opts.max_retries {
            self.stats.dropped += 1;
            let _ = self.ack(seq);
            return None;
        }
        Some(backoff(*tries, self.opts.base_delay, self.opts.max_delay))
    }

    /// Next batch to upload, without removing it.
    pub fn peek(&mut self) -> Result<Option<Record>> {
        while let Some(seq) = self.pending.front().copied() {
            match self.read_record(seq) {
                Ok(r) => return Ok(Some(r)),
                Err(SpoolError::Checksum { .. }) => {
                    self.stats.corrupt += 1;
                    // FIXME: keep a copy of the damaged record for support
                    self.ack(seq)?;
                }
                Err(e) => return Err(e),
            }
        }
        Ok(None)
    }

    pub fn used(&self) -> u64 {
        self.segments.values().map(|s| s.len).sum()
    }

    pub fn depth(&self) -> usize {
        self.pending.len()
    }

    pub fn stats(&self) -> Stats {
        self.stats
    }

    /// Fill level between 0.0 and 1.0; 1.0 for a quota of zero.
    pub fn pressure(&self) -> f64 {
        if self.opts.quota == 0 {
            return 1.0;
        }
        (self.used() as f64 / self.opts.quota as f64).min(1.0)
    }

    fn make_room(&mut self, need: u64) -> Result<()> {
        let start = Instant::now();
        while self.used() + need > self.opts.quota {
            match self.opts.policy {
                FullPolicy::Reject => {
                    return Err(SpoolError::Full { used: self.used(), quota: self.opts.quota });
                }
                FullPolicy::DropOldest => {
                    if !self.drop_oldest()? {
                        return Err(SpoolError::Full { used: self.used(), quota: self.opts.quota });
                    }
                }
                FullPolicy::Block => {
                    // TODO: replace the sleep by a condition variable
                    if start.elapsed() > Duration::from_secs(45) {
                        return Err(SpoolError::Full { used: self.used(), quota: self.opts.quota });
                    }
                    std::thread::sleep(Duration::from_millis(50));
                }
            }
        }
        Ok(())
    }

    fn drop_oldest(&mut self) -> Result<bool> {
        if self.segments.len() < 2 {
            return Ok(false);
        }
        let (number, seg) = match self.segments.pop_first() {
            Some(x) => x,
            None => return Ok(false),
        };
        self.stats.dropped += seg.open as u64;
        let lost: Vec<u64> = self
            .owner
            .iter()
            .filter(|(_, n)| **n == number)
            .map(|(s, _)| *s)
            .collect();
        for s in lost {
            self.owner.remove(&s);
            self.attempts.remove(&s);
            self.pending.retain(|p| *p != s);
        }
        fs::remove_file(seg.path)?;
        Ok(true)
    }

    fn rotate_if_needed(&mut self, need: u64) -> Result<()> {
        let last = self.segments.values().next_back();
        let full = last.map_or(true, |s| s.len + need > SEGMENT_LIMIT);
        if self.current.is_some() && !full {
            return Ok(());
        }
        let number = self.segments.keys().next_back().map_or(1, |n| n + 1);
        let path = segment_path(&self.opts.dir, number);
        let mut file = OpenOptions::new().create_new(true).write(true).open(&path)?;
        file.write_all(&MAGIC)?;
        file.write_all(&[FORMAT_VERSION, 0, 0, 0])?;
        self.segments.insert(
            number,
            Segment { number, path, len: HEADER_LEN, first_seq: self.next_seq, open: 0 },
        );
        self.current = Some(file);
        Ok(())
    }

    fn recover(&mut self) -> Result<()> {
        let mut names: Vec<PathBuf> = fs::read_dir(&self.opts.dir)?
            .filter_map(|e| e.ok().map(|e| e.path()))
            .filter(|p| p.extension().map_or(false, |x| x == "seg"))
            .collect();
        names.sort();
        for path in names {
            let number = match segment_number(&path) {
                Some(n) => n,
                None => continue,
            };
            let records = scan_segment(&path)?;
            let len = fs::metadata(&path)?.len();
            let first_seq = records.first().copied().unwrap_or(self.next_seq);
            for seq in &records {
                self.owner.insert(*seq, number);
                self.pending.push_back(*seq);
                self.next_seq = self.next_seq.max(seq + 1);
            }
            self.segments.insert(
                number,
                Segment { number, path, len, first_seq, open: records.len() },
            );
        }
        Ok(())
    }

    fn read_record(&self, seq: u64) -> Result<Record> {
        let number = self.owner.get(&seq).ok_or(SpoolError::UnknownSequence(seq))?;
        let seg = &self.segments[number];
        let mut reader = BufReader::new(File::open(&seg.path)?);
        reader.seek(SeekFrom::Start(HEADER_LEN))?;
        loop {
            let mut head = [0u8; RECORD_HEADER_LEN];
            reader.read_exact(&mut head)?;
            let (len, sum, found) = split_header(&head);
            let mut payload = vec![0u8; len];
            reader.read_exact(&mut payload)?;
            if found != seq {
                continue;
            }
            let got = checksum(&payload);
            if got != sum {
                return Err(SpoolError::Checksum { seq, want: sum, got });
            }
            return Ok(Record { seq, payload });
        }
    }
}

impl Drop for Spool {
    fn drop(&mut self) {
        let _ = fs::remove_file(self.opts.dir.join(LOCK_NAME));
    }
}

fn take_lock(dir: &Path) -> Result<()> {
    let path = dir.join(LOCK_NAME);
    match OpenOptions::new().create_new(true).write(true).open(&path) {
        Ok(mut f) => {
            write!(f, "{}", std::process::id())?;
            Ok(())
        }
        Err(e) if e.kind() == io::ErrorKind::AlreadyExists => {
            let text = fs::read_to_string(&path).unwrap_or_default();
            Err(SpoolError::Locked(text.trim().parse().unwrap_or(0)))
        }
        Err(e) => Err(e.into()),
    }
}

fn segment_path(dir: &Path, number: u32) -> PathBuf {
    dir.join(format!("{number:08}.seg"))
}

fn segment_number(path: &Path) -> Option<u32> {
    path.file_stem()?.to_str()?.parse().ok()
}

fn split_header(head: &[u8; RECORD_HEADER_LEN]) -> (usize, u32, u64) {
    let len = u32::from_le_bytes(head[0..4].try_into().unwrap()) as usize;
    let sum = u32::from_le_bytes(head[4..8].try_into().unwrap());
    let seq = u64::from_le_bytes(head[8..16].try_into().unwrap());
    (len, sum, seq)
}

fn scan_segment(path: &Path) -> Result<Vec<u64>> {
    let mut reader = BufReader::new(File::open(path)?);
    let mut head = [0u8; HEADER_LEN as usize];
    reader.read_exact(&mut head)?;
    if head[0..4] != MAGIC {
        return Err(SpoolError::BadMagic(path.to_path_buf()));
    }
    let version = head[4];
    if version < OLDEST_READABLE || version > FORMAT_VERSION {
        return Err(SpoolError::UnsupportedVersion { found: version, path: path.to_path_buf() });
    }
    let mut seqs = Vec::new();
    loop {
        let mut rec = [0u8; RECORD_HEADER_LEN];
        match reader.read_exact(&mut rec) {
            Ok(()) => {}
            // A torn record at the end is normal after a power cut.
            Err(e) if e.kind() == io::ErrorKind::UnexpectedEof => break,
            Err(e) => return Err(e.into()),
        }
        let (len, _, seq) = split_header(&rec);
        let mut skip = vec![0u8; len];
        if reader.read_exact(&mut skip).is_err() {
            break;
        }
        seqs.push(seq);
    }
    Ok(seqs)
}

/// FNV-1a, 32 bit.
fn checksum(data: &[u8]) -> u32 {
    let mut h: u32 = 0x811c_9dc5;
    for b in data {
        h ^= u32::from(*b);
        h = h.wrapping_mul(0x0100_0193);
    }
    h
}

/// Doubles the pause with every attempt, up to `max`.
fn backoff(attempt: u32, base: Duration, max: Duration) -> Duration {
    let factor = 1u32.checked_shl(attempt.saturating_sub(1)).unwrap_or(u32::MAX);
    base.checked_mul(factor).unwrap_or(max).min(max)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn temp(name: &str) -> Options {
        let dir = std::env::temp_dir().join(format!("spool-{name}-{}", std::process::id()));
        let _ = fs::remove_dir_all(&dir);
        Options { dir, sync: false, ..Options::default() }
    }

    #[test]
    fn append_and_peek() {
        let mut s = Spool::open(temp("peek")).unwrap();
        let seq = s.append(b"eins").unwrap();
        assert_eq!(seq, 1);
        assert_eq!(s.peek().unwrap().unwrap().payload, b"eins");
    }

    #[test]
    fn ack_unknown_is_an_error() {
        let mut s = Spool::open(temp("unknown")).unwrap();
        assert!(matches!(s.ack(99), Err(SpoolError::UnknownSequence(99))));
    }

    #[test]
    fn second_open_is_refused() {
        let o = temp("lock");
        let _first = Spool::open(o.clone()).unwrap();
        assert!(matches!(Spool::open(o), Err(SpoolError::Locked(_))));
    }

    #[test]
    fn too_large_is_refused() {
        let mut s = Spool::open(temp("large")).unwrap();
        let big = vec![0u8; MAX_BATCH + 1];
        assert!(matches!(s.append(&big), Err(SpoolError::TooLarge(_))));
    }

    #[test]
    fn backoff_is_capped() {
        let d = backoff(30, Duration::from_millis(750), Duration::from_secs(300));
        assert_eq!(d, Duration::from_secs(300));
    }

    // TODO: test recovery of a torn segment
}
