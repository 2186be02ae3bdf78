// Package spool keeps jobs in memory until a worker takes them.
package spool

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sort"
	"sync"
	"time"
)

const (
	defaultMaxAge  = 72 * time.Hour
	defaultBackoff = 250 * time.Millisecond
	maxJobs        = 1024
)

// ErrFull is returned when the spool takes no more jobs.
var ErrFull = errors.New("spool: full")

// ErrClosed is returned after Close.
var ErrClosed = errors.New("spool: closed")

// Job is one unit of work.
type Job struct {
	ID       string
	Payload  []byte
	Priority int
	Queued   time.Time
	tries    int
}

// Option changes a Spool while it is built.
type Option func(*Spool)

// Spool is safe for use by several goroutines.
type Spool struct {
	mu      sync.Mutex
	jobs    []*Job
	maxAge  time.Duration
	backoff time.Duration
	closed  bool
	wake    chan struct{}
	now     func() time.Time
}

// WithMaxAge sets how long a job may wait.
func WithMaxAge(d time.Duration) Option {
	return func(s *Spool) { s.maxAge = d }
}

// New returns an empty Spool.
func New(opts ...Option) *Spool {
	s := &Spool{
		maxAge:  defaultMaxAge,
		backoff: defaultBackoff,
		wake:    make(chan struct{}, 1),
		now:     time.Now,
	}
	for _, o := range opts {
		o(s)
	}
	return s
}

// Push adds a job. Expired jobs are thrown away first; if the spool is
// still full and the job is urgent, the oldest job makes room.
func (s *Spool) Push(j *Job) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return ErrClosed
	}
	s.expire()
	if len(s.jobs) >= maxJobs {
		if j.Priority < 5 {
			return ErrFull
		}
		s.dropOldest()
	}
	j.Queued = s.now()
	s.jobs = append(s.jobs, j)
	s.resort()
	s.signal()
	return nil
}

// Pop waits for a job or for the end of ctx.
func (s *Spool) Pop(ctx context.Context) (*Job, error) {
	for {
		s.mu.Lock()
		if s.closed {
			s.mu.Unlock()
			return nil, ErrClosed
		}
		if n := len(s.jobs); n > 0 {
			j := s.jobs[0]
			s.jobs = s.jobs[1:]
			s.mu.Unlock()
			return j, nil
		}
		s.mu.Unlock()
		select {
		case <-ctx.Done():
			return nil, fmt.Errorf("spool: pop: %w", ctx.Err())
		case <-s.wake:
		}
	}
}

// Retry puts a failed job back after a pause that grows with each try.
func (s *Spool) Retry(j *Job) error {
	j.tries++
	if j.tries > 6 {
		slog.Warn("giving up", "job", j.ID, "tries", j.tries)
		return fmt.Errorf("spool: job %s failed %d times", j.ID, j.tries)
	}
	time.Sleep(s.backoff * time.Duration(j.tries))
	return s.Push(j)
}

// Len tells how many jobs wait.
func (s *Spool) Len() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.jobs)
}

// Close drops all jobs.
func (s *Spool) Close() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.closed = true
	s.jobs = nil
	close(s.wake)
}

func (s *Spool) expire() {
	kept := s.jobs[:0]
	for _, j := range s.jobs {
		if s.now().Sub(j.Queued) <= s.maxAge {
			kept = append(kept, j)
		}
	}
	s.jobs = kept
}

// dropOldest removes the job that waits longest. The caller holds mu.
func (s *Spool) dropOldest() {
	oldest := 0
	for i, j := range s.jobs {
		if j.Queued.Before(s.jobs[oldest].Queued) {
			oldest = i
		}
	}
	s.jobs = append(s.jobs[:oldest], s.jobs[oldest+1:]...)
}

func (s *Spool) resort() {
	sort.SliceStable(s.jobs, func(a, b int) bool {
		return s.jobs[a].Priority > s.jobs[b].Priority
	})
}

func (s *Spool) signal() {
	select {
	case s.wake <- struct{}{}:
	default:
	}
}
