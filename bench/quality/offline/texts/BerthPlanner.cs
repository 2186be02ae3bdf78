// Copyright (c) Skagvik Havn IT. All rights reserved.
// Licensed under the BSD 3-clause licence. See LICENCE in the repository root.

using System;
using System.Collections.Generic;
using System.Globalization;
using System.IO;
using System.Linq;
using System.Text;
using System.Threading;
using System.Threading.Tasks;
using Microsoft.Extensions.Logging;

namespace Skagvik.Harbour.Planning
{
    /// <summary>Kinds of vessel the planner knows about.</summary>
    public enum VesselKind
    {
        Unknown = 0,
        Ferry = 1,
        Trawler = 2,
        Tanker = 3,
        Bulk = 5,
        Cruise = 8,
        Pilot = 9
    }

    public enum BookingState
    {
        Requested,
        Confirmed,
        Moored,
        Departed,
        Cancelled,
        NoShow
    }

    /// <summary>Thrown when no berth can take the vessel in the asked window.</summary>
    public sealed class NoBerthException : Exception
    {
        public string VesselId { get; }

        public NoBerthException(string vesselId, string message) : base(message)
        {
            VesselId = vesselId;
        }
    }

    /// <summary>Thrown when a booking is moved into a state that does not follow from its present one.</summary>
    public sealed class IllegalTransitionException : InvalidOperationException
    {
        public BookingState From { get; }
        public BookingState To { get; }

        public IllegalTransitionException(BookingState from, BookingState to)
            : base($"cannot go from {from} to {to}")
        {
            From = from;
            To = to;
        }
    }

    public sealed record Vessel(string Id, string Name, VesselKind Kind, double LengthM, double DraughtM)
    {
        public bool IsLarge => LengthM >= PlannerDefaults.LargeVesselM;
    }

    public sealed record Berth(string Code, double LengthM, double DepthM, bool HasShorePower)
    {
        /// <summary>Whether the vessel fits, under-keel clearance included.</summary>
        public bool Fits(Vessel v) =>
            v.LengthM + PlannerDefaults.FenderMarginM <= LengthM
            && v.DraughtM + PlannerDefaults.KeelClearanceM <= DepthM;
    }

    public readonly record struct Window(DateTimeOffset From, DateTimeOffset To)
    {
        public TimeSpan Length => To - From;

        public bool Overlaps(Window other) => From < other.To && other.From < To;

        public Window Widen(TimeSpan by) => new(From - by, To + by);
    }

    public static class PlannerDefaults
    {
        public const double LargeVesselM = 120.0;
        public const double FenderMarginM = 6.5;
        public const double KeelClearanceM = 0.8;
        public const int MaxBookingsPerVessel = 4;
        public const int RetryCount = 3;

        public static readonly TimeSpan Turnaround = TimeSpan.FromMinutes(45);
        public static readonly TimeSpan NoShowAfter = TimeSpan.FromHours(6);
        public static readonly TimeSpan MaxStay = TimeSpan.FromDays(14);
        public static readonly TimeSpan TideCacheTtl = TimeSpan.FromMinutes(20);

        // Kept for the old terminal in Nordbukt; remove with ticket HARB-211.
        public static readonly TimeSpan LegacyTurnaround = TimeSpan.FromMinutes(90);
    }

    public sealed class PlannerOptions
    {
        public string DataDirectory { get; set; } = "/var/lib/berthplanner";
        public int HorizonDays { get; set; } = 30;
        public bool AllowRafting { get; set; } = false;
        public bool PreferShorePower { get; set; } = true;
        public decimal BaseFeePerMetre { get; set; } = 4.35m;
        public decimal NightSurcharge { get; set; } = 0.15m;
        public string Currency { get; set; } = "NOK";
        public TimeSpan LockTimeout { get; set; } = TimeSpan.FromSeconds(12);

        public void Validate()
        {
            if (HorizonDays is < 1 or > 365)
                throw new ArgumentOutOfRangeException(nameof(HorizonDays), HorizonDays, "1 to 365");
            if (BaseFeePerMetre < 0)
                throw new ArgumentOutOfRangeException(nameof(BaseFeePerMetre));
            if (string.IsNullOrWhiteSpace(DataDirectory))
                throw new ArgumentException("data directory is empty", nameof(DataDirectory));
        }
    }

    public sealed class Booking
    {
        private static int _next = 1000;

        public int Number { get; }
        public Vessel Vessel { get; }
        public Berth Berth { get; private set; }
        public Window Window { get; private set; }
        public BookingState State { get; private set; } = BookingState.Requested;
        public List<string> Remarks { get; } = new();

        public Booking(Vessel vessel, Berth berth, Window window)
        {
            Number = Interlocked.Increment(ref _next);
            Vessel = vessel ?? throw new ArgumentNullException(nameof(vessel));
            Berth = berth ?? throw new ArgumentNullException(nameof(berth));
            Window = window;
        }

        public bool Occupies => State is BookingState.Confirmed or BookingState.Moored;

        public void MoveTo(BookingState next)
        {
            bool ok = (State, next) switch
            {
                (BookingState.Requested, BookingState.Confirmed) => true,
                (BookingState.Requested, BookingState.Cancelled) => true,
                (BookingState.Confirmed, BookingState.Moored) => true,
                (BookingState.Confirmed, BookingState.Cancelled) => true,
                (BookingState.Confirmed, BookingState.NoShow) => true,
                (BookingState.Moored, BookingState.Departed) => true,
                _ => false
            };
            if (!ok)
                throw new IllegalTransitionException(State, next);
            State = next;
        }

        internal void Shift(Berth berth, Window window)
        {
            // TODO: tell the agent by e-mail when the berth changes
            Berth = berth;
            Window = window;
        }

        public override string ToString() =>
            $"#{Number} {Vessel.Name} at {Berth.Code} {Window.From:u} ({State})";
    }

    public interface ITideSource
    {
        Task<double> LevelAtAsync(DateTimeOffset when, CancellationToken ct);
    }

    public interface IBookingStore
    {
        IReadOnlyList<Booking> Load();
        void Save(IEnumerable<Booking> bookings);
    }

    /// <summary>Remembers tide levels by quarter of an hour.</summary>
    public sealed class CachingTideSource : ITideSource
    {
        private readonly ITideSource _inner;
        private readonly Dictionary<long, (double Level, DateTimeOffset Until)> _cache = new();
        private readonly object _gate = new();

        public int Hits { get; private set; }
        public int Misses { get; private set; }

        public CachingTideSource(ITideSource inner)
        {
            _inner = inner;
        }

        private static long KeyOf(DateTimeOffset when) => when.ToUnixTimeSeconds() / 900;

        public async Task<double> LevelAtAsync(DateTimeOffset when, CancellationToken ct)
        {
            long key = KeyOf(when);
            lock (_gate)
            {
                if (_cache.TryGetValue(key, out var e) && e.Until > DateTimeOffset.UtcNow)
                {
                    Hits++;
                    return e.Level;
                }
                Misses++;
            }

            double level = await _inner.LevelAtAsync(when, ct).ConfigureAwait(false);
            lock (_gate)
            {
                // FIXME: the cache never shrinks; a year of planning keeps about 35,000 entries
                _cache[key] = (level, DateTimeOffset.UtcNow + PlannerDefaults.TideCacheTtl);
            }
            return level;
        }

        public void Clear()
        {
            lock (_gate)
            {
                _cache.Clear();
                Hits = 0;
                Misses = 0;
            }
        }
    }

    /// <summary>Stores bookings as semicolon-separated lines.</summary>
    public sealed class FileBookingStore : IBookingStore
    {
        private const string FileName = "bookings.v2.csv";
        private const int FieldCount = 9;

        private readonly string _path;
        private readonly ILogger _log;

        public FileBookingStore(PlannerOptions options, ILogger<FileBookingStore> log)
        {
            _path = Path.Combine(options.DataDirectory, FileName);
            _log = log;
        }

        public IReadOnlyList<Booking> Load()
        {
            var list = new List<Booking>();
            if (!File.Exists(_path))
                return list;

            int lineNo = 0;
            foreach (string line in File.ReadLines(_path, Encoding.UTF8))
            {
                lineNo++;
                if (line.Length == 0 || line[0] == '#')
                    continue;
                string[] f = line.Split(';');
                if (f.Length != FieldCount)
                {
                    _log.LogWarning("line {Line}: {Count} fields, wanted {Want}; skipped", lineNo, f.Length, FieldCount);
                    continue;
                }
                try
                {
                    list.Add(Parse(f));
                }
                catch (FormatException ex)
                {
                    _log.LogWarning(ex, "line {Line} cannot be read; skipped", lineNo);
                }
            }
            return list;
        }

        public void Save(IEnumerable<Booking> bookings)
        {
            string tmp = _path + ".tmp";
            using (var w = new StreamWriter(tmp, append: false, Encoding.UTF8))
            {
                w.WriteLine("# vessel;name;kind;length;draught;berth;from;to;state");
                foreach (Booking b in bookings.OrderBy(x => x.Number))
                    w.WriteLine(Format(b));
            }
            File.Move(tmp, _path, overwrite: true);
        }

        private static double Num(string s) => double.Parse(s, CultureInfo.InvariantCulture);

        private static Booking Parse(string[] f)
        {
            var vessel = new Vessel(f[0], f[1], Enum.Parse<VesselKind>(f[2]), Num(f[3]), Num(f[4]));
            var berth = new Berth(f[5], 0, 0, false);
            var win = new Window(DateTimeOffset.Parse(f[6], CultureInfo.InvariantCulture),
                                 DateTimeOffset.Parse(f[7], CultureInfo.InvariantCulture));
            return new Booking(vessel, berth, win);
        }

        private static string Format(Booking b) => string.Join(';',
            b.Vessel.Id, b.Vessel.Name, b.Vessel.Kind,
            b.Vessel.LengthM.ToString(CultureInfo.InvariantCulture),
            b.Vessel.DraughtM.ToString(CultureInfo.InvariantCulture),
            b.Berth.Code, b.Window.From.ToString("o"), b.Window.To.ToString("o"), b.State);
    }

    /// <summary>Works out harbour dues.</summary>
    public sealed class FeeCalculator
    {
        private readonly PlannerOptions _options;

        public FeeCalculator(PlannerOptions options)
        {
            _options = options;
        }

        /// <summary>Factor by kind of vessel; pilots moor free of charge.</summary>
        public static decimal KindFactor(VesselKind kind) => kind switch
        {
            VesselKind.Ferry => 0.80m,
            VesselKind.Trawler => 0.65m,
            VesselKind.Tanker => 1.75m,
            VesselKind.Bulk => 1.20m,
            VesselKind.Cruise => 1.40m,
            VesselKind.Pilot => 0m,
            _ => 1.00m
        };

        public int BilledDays(Window w)
        {
            double days = w.Length.TotalDays;
            return Math.Max(1, (int)Math.Ceiling(days));
        }

        public bool IsNight(DateTimeOffset t) => t.Hour >= 22 || t.Hour < 6;

        public decimal Fee(Vessel v, Window w)
        {
            decimal fee = _options.BaseFeePerMetre * (decimal)v.LengthM * BilledDays(w) * KindFactor(v.Kind);
            if (IsNight(w.From))
                fee *= 1 + _options.NightSurcharge;
            if (v.IsLarge)
                fee += 950m;
            return decimal.Round(fee, 2, MidpointRounding.AwayFromZero);
        }
    }

    /// <summary>Finds berths and keeps the bookings.</summary>
    public sealed class BerthPlanner : IDisposable
    {
        private readonly PlannerOptions _options;
        private readonly IReadOnlyList<Berth> _berths;
        private readonly IBookingStore _store;
        private readonly ITideSource _tides;
        private readonly ILogger<BerthPlanner> _log;
        private readonly SemaphoreSlim _lock = new(1, 1);
        private readonly List<Booking> _bookings = new();
        private bool _disposed;

        public event EventHandler<Booking>? BookingConfirmed;
        public event EventHandler<Booking>? BookingCancelled;

        public BerthPlanner(PlannerOptions options, IEnumerable<Berth> berths, IBookingStore store,
                            ITideSource tides, ILogger<BerthPlanner> log)
        {
            options.Validate();
            _options = options;
            _berths = berths.OrderBy(b => b.LengthM).ToList();
            _store = store;
            _tides = tides;
            _log = log;
            _bookings.AddRange(store.Load());
        }

        public int Count => _bookings.Count;

        public IEnumerable<Booking> ForVessel(string vesselId) =>
            _bookings.Where(b => b.Vessel.Id == vesselId);

        /// <summary>Asks for a berth. Returns the confirmed booking.</summary>
        public async Task<Booking> RequestAsync(Vessel vessel, Window window, CancellationToken ct = default)
        {
            Check(vessel, window);
            if (!await _lock.WaitAsync(_options.LockTimeout, ct).ConfigureAwait(false))
                throw new TimeoutException("planner is busy");
            try
            {
                for (int attempt = 1; attempt <= PlannerDefaults.RetryCount; attempt++)
                {
                    Berth? berth = await FindBerthAsync(vessel, window, ct).ConfigureAwait(false);
                    if (berth is not null)
                    {
                        var booking = new Booking(vessel, berth, window);
                        booking.MoveTo(BookingState.Confirmed);
                        _bookings.Add(booking);
                        _store.Save(_bookings);
                        _log.LogInformation("confirmed {Booking}", booking);
                        BookingConfirmed?.Invoke(this, booking);
                        return booking;
                    }
                    // Try a later arrival before giving up.
                    window = new Window(window.From + PlannerDefaults.Turnaround, window.To + PlannerDefaults.Turnaround);
                    _log.LogDebug("attempt {Attempt} failed for {Vessel}", attempt, vessel.Name);
                }
                throw new NoBerthException(vessel.Id, $"no berth for {vessel.Name}");
            }
            finally
            {
                _lock.Release();
            }
        }

        private void Check(Vessel vessel, Window window)
        {
            if (window.To <= window.From)
                throw new ArgumentException("window ends before it begins", nameof(window));
            if (window.Length > PlannerDefaults.MaxStay)
                throw new ArgumentException("stay is too long", nameof(window));
            if (ForVessel(vessel.Id).Count(b => b.Occupies) >= PlannerDefaults.MaxBookingsPerVessel)
                throw new InvalidOperationException($"{vessel.Name} holds too many bookings");
        }

        private async Task<Berth?> FindBerthAsync(Vessel vessel, Window window, CancellationToken ct)
        {
            Window wide = window.Widen(PlannerDefaults.Turnaround);
            Berth? fallback = null;
            foreach (Berth berth in _berths)
            {
                if (!berth.Fits(vessel))
                    continue;
                if (_bookings.Any(b => b.Occupies && b.Berth.Code == berth.Code && b.Window.Overlaps(wide)))
                    continue;
                double tide = await _tides.LevelAtAsync(window.From, ct).ConfigureAwait(false);
                if (berth.DepthM + tide < vessel.DraughtM + PlannerDefaults.KeelClearanceM)
                    continue;
                if (!_options.PreferShorePower || berth.HasShorePower)
                    return berth;
                fallback ??= berth;
            }
            return fallback;
        }

        /// <summary>Cancels a booking; false when there is none with that number.</summary>
        public bool Cancel(int number, string reason)
        {
            Booking? b = _bookings.FirstOrDefault(x => x.Number == number);
            if (b is null)
                return false;
            b.MoveTo(BookingState.Cancelled);
            b.Remarks.Add($"cancelled: {reason}");
            _store.Save(_bookings);
            BookingCancelled?.Invoke(this, b);
            return true;
        }

        /// <summary>Marks bookings whose vessel has not come in time. Returns how many were marked.</summary>
        public int SweepNoShows(DateTimeOffset now)
        {
            int n = 0;
            foreach (Booking b in _bookings.Where(x => x.State == BookingState.Confirmed).ToList())
            {
                if (now - b.Window.From > PlannerDefaults.NoShowAfter)
                {
                    b.MoveTo(BookingState.NoShow);
                    n++;
                }
            }
            if (n > 0)
            {
                _log.LogWarning("{Count} no-shows", n);
                _store.Save(_bookings);
            }
            return n;
        }

        /// <summary>Share of berth time taken in the window, from 0 to 1.</summary>
        public double Utilisation(Window window)
        {
            if (_berths.Count == 0)
                return 0.0;
            double used = 0;
            foreach (Booking b in _bookings)
            {
                // TODO: count departed bookings up to their true departure
                if (!b.Occupies || !b.Window.Overlaps(window))
                    continue;
                DateTimeOffset from = b.Window.From > window.From ? b.Window.From : window.From;
                DateTimeOffset to = b.Window.To < window.To ? b.Window.To : window.To;
                used += (to - from).TotalHours;
            }
            return used / (_berths.Count * window.Length.TotalHours);
        }

        /// <summary>Plain-text plan for the notice board.</summary>
        public string Print(DateOnly day)
        {
            var sb = new StringBuilder();
            sb.AppendLine($"Berth plan {day:yyyy-MM-dd}");
            foreach (Berth berth in _berths.OrderBy(b => b.Code, StringComparer.Ordinal))
            {
                sb.Append(berth.Code.PadRight(6));
                var todays = _bookings.Where(b => b.Berth.Code == berth.Code
                                               && DateOnly.FromDateTime(b.Window.From.Date) == day);
                string names = string.Join(", ", todays.Select(b => b.Vessel.Name));
                sb.AppendLine(names.Length == 0 ? "-" : names);
            }
            return sb.ToString();
        }

        public void Dispose()
        {
            if (_disposed)
                return;
            _disposed = true;
            _lock.Dispose();
            // TODO: flush the store (HARB-198)
        }
    }

    internal static class Program
    {
        private const int ExitOk = 0;
        private const int ExitUsage = 64;
        private const int ExitNoBerth = 3;

        private static int Main(string[] args)
        {
            if (args.Length < 2)
            {
                Console.Error.WriteLine("usage: berthplanner <vessel-id> <hours>");
                return ExitUsage;
            }
            try
            {
                Console.WriteLine($"asking for {args[1]} hours for {args[0]}");
                return ExitOk;
            }
            catch (NoBerthException ex)
            {
                Console.Error.WriteLine($"{ex.VesselId}: {ex.Message}");
                return ExitNoBerth;
            }
        }
    }
}
