// Package pool runs jobs on a bounded number of workers.
package pool

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"strconv"
	"sync"
	"time"
)

const (
	defaultWorkers  = 6
	maxWorkers      = 64
	defaultDeadline = 45 * time.Second
	queueFactor     = 8
)

// ErrClosed is returned by Submit after Close.
var ErrClosed = errors.New("pool: closed")

// ErrFull is returned by TrySubmit when the queue has no room.
var ErrFull = errors.New("pool: queue full")

// Job is one unit of work.
type Job struct {
	ID       string
	Run      func(ctx context.Context) error
	Deadline time.Duration
	Attempts int
}

// Result tells how a job ended.
type Result struct {
	JobID    string
	Err      error
	Took     time.Duration
	Attempts int
}

// Options configure a pool. Zero values mean the defaults.
type Options struct {
	Workers  int
	Queue    int
	Deadline time.Duration
	Logger   *slog.Logger
}

// Stats are counters of a pool.
type Stats struct {
	Done, Failed, Retried, Panicked int
}

// Pool is safe for concurrent use.
type Pool struct {
	opts    Options
	jobs    chan Job
	results chan Result
	wg      sync.WaitGroup

	mu     sync.Mutex
	closed bool
	stats  Stats
}

func (o *Options) fill() {
	if o.Workers <= 0 {
		o.Workers = workersFromEnv()
	}
	if o.Workers > maxWorkers {
		o.Workers = maxWorkers
	}
	if o.Queue <= 0 {
		o.Queue = o.Workers * queueFactor
	}
	if o.Deadline <= 0 {
		o.Deadline = defaultDeadline
	}
	if o.Logger == nil {
		o.Logger = slog.Default()
	}
}

// workersFromEnv reads POOL_WORKERS.
func workersFromEnv() int {
	raw := os.Getenv("POOL_WORKERS")
	if raw == "" {
		return defaultWorkers
	}
	n, err := strconv.Atoi(raw)
	if err != nil || n < 1 {
		slog.Warn("ignoring POOL_WORKERS", "value", raw)
		return defaultWorkers
	}
	return n
}

// New starts a pool.
func New(opts Options) *Pool {
	opts.fill()
	p := &Pool{
		opts:    opts,
		jobs:    make(chan Job, opts.Queue),
		results: make(chan Result, opts.Queue),
	}
	for i := 0; i < opts.Workers; i++ {
		p.wg.Add(1)
		go p.worker(i)
	}
	return p
}

// Submit waits for room in the queue.
func (p *Pool) Submit(ctx context.Context, job Job) error {
	if p.isClosed() {
		return ErrClosed
	}
	select {
	case p.jobs <- job:
		return nil
	case <-ctx.Done():
		return fmt.Errorf("submit %s: %w", job.ID, ctx.Err())
	}
}

// TrySubmit never waits.
func (p *Pool) TrySubmit(job Job) error {
	if p.isClosed() {
		return ErrClosed
	}
	select {
	case p.jobs <- job:
		return nil
	default:
		return ErrFull
	}
}

// Results is closed after the last job.
func (p *Pool) Results() <-chan Result {
	return p.results
}

// Close stops taking jobs and waits for the running ones.
func (p *Pool) Close() {
	p.mu.Lock()
	if p.closed {
		p.mu.Unlock()
		return
	}
	p.closed = true
	p.mu.Unlock()
	close(p.jobs)
	p.wg.Wait()
	close(p.results)
}

// Snapshot copies the counters.
func (p *Pool) Snapshot() Stats {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.stats
}

func (p *Pool) isClosed() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.closed
}

func (p *Pool) worker(n int) {
	defer p.wg.Done()
	for job := range p.jobs {
		start := time.Now()
		attempts, err := p.runWithRetry(job)
		p.count(attempts, err)
		if err != nil {
			p.opts.Logger.Error("job failed", "worker", n, "job", job.ID, "err", err)
		}
		p.results <- Result{job.ID, err, time.Since(start), attempts}
	}
}

func (p *Pool) runWithRetry(job Job) (int, error) {
	limit := job.Attempts
	if limit <= 0 {
		limit = 3
	}
	var err error
	for attempt := 1; attempt <= limit; attempt++ {
		err = p.runOnce(job)
		if err == nil {
			return attempt, nil
		}
		// TODO: make the pause configurable
		time.Sleep(backoff(attempt))
	}
	return limit, err
}

func (p *Pool) runOnce(job Job) (err error) {
	deadline := job.Deadline
	if deadline <= 0 {
		deadline = p.opts.Deadline
	}
	ctx, cancel := context.WithTimeout(context.Background(), deadline)
	defer cancel()
	defer func() {
		if r := recover(); r != nil {
			p.mu.Lock()
			p.stats.Panicked++
			p.mu.Unlock()
			err = fmt.Errorf("job %s panicked: %v", job.ID, r)
		}
	}()
	return job.Run(ctx)
}

func (p *Pool) count(attempts int, err error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.stats.Done++
	p.stats.Retried += attempts - 1
	if err != nil {
		p.stats.Failed++
	}
}

func backoff(attempt int) time.Duration {
	d := 200 * time.Millisecond << attempt
	if d > 10*time.Second {
		return 10 * time.Second
	}
	return d
}
