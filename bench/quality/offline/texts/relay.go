// Package relay forwards webhook calls to slow receivers.
package relay

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"sync"
	"time"
)

const (
	defaultWorkers = 4
	maxBody        = 1 << 20
	userAgent      = "relay/2"
)

// ErrQueueFull is returned by Enqueue when no slot is free.
var ErrQueueFull = errors.New("relay: queue full")

var errTooLarge = errors.New("relay: body too large")

// Event is what the sender posted.
type Event struct {
	ID      string            `json:"id"`
	Kind    string            `json:"kind"`
	Headers map[string]string `json:"headers,omitempty"`
	Body    []byte            `json:"body"`
	Tries   int               `json:"-"`
}

// Options configures a Relay.
type Options struct {
	Target   string
	Workers  int
	Timeout  time.Duration
	MaxTries int
}

// Relay holds the queue and its workers.
type Relay struct {
	opts   Options
	queue  chan Event
	client *http.Client
	mu     sync.Mutex
	failed map[string]int
	wg     sync.WaitGroup
}

// New makes a Relay; zero options get defaults.
func New(opts Options) *Relay {
	if opts.Workers == 0 {
		opts.Workers = defaultWorkers
	}
	if opts.Timeout == 0 {
		opts.Timeout = 15 * time.Second
	}
	if opts.MaxTries == 0 {
		opts.MaxTries = 5
	}
	return &Relay{
		opts:   opts,
		queue:  make(chan Event, 512),
		client: &http.Client{Timeout: opts.Timeout},
		failed: map[string]int{},
	}
}

// Start launches the workers.
func (r *Relay) Start(ctx context.Context) {
	for i := 0; i < r.opts.Workers; i++ {
		r.wg.Add(1)
		go r.worker(ctx)
	}
}

// Wait blocks until all workers have returned.
func (r *Relay) Wait() { r.wg.Wait() }

// Enqueue adds an event without blocking.
func (r *Relay) Enqueue(e Event) error {
	select {
	case r.queue <- e:
		return nil
	default:
		return ErrQueueFull
	}
}

func (r *Relay) worker(ctx context.Context) {
	defer r.wg.Done()
	for {
		select {
		case <-ctx.Done():
			return
		case e := <-r.queue:
			if err := r.deliver(ctx, e); err != nil {
				r.retry(e, err)
			}
		}
	}
}

func (r *Relay) deliver(ctx context.Context, e Event) error {
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, r.opts.Target, bytes.NewReader(e.Body))
	if err != nil {
		return err
	}
	req.Header.Set("User-Agent", userAgent)
	for k, v := range e.Headers {
		req.Header.Set(k, v)
	}
	resp, err := r.client.Do(req)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	if resp.StatusCode >= 300 {
		return fmt.Errorf("relay: target answered %d", resp.StatusCode)
	}
	return nil
}

func (r *Relay) retry(e Event, cause error) {
	e.Tries++
	if e.Tries >= r.opts.MaxTries {
		r.mu.Lock()
		r.failed[e.Kind]++
		r.mu.Unlock()
		return
	}
	time.AfterFunc(backoff(e.Tries), func() { _ = r.Enqueue(e) })
}

// backoff doubles from 200ms and stops at 30s.
func backoff(n int) time.Duration {
	d := 200 * time.Millisecond << n
	if d > 30*time.Second {
		return 30 * time.Second
	}
	return d
}

// FIXME: Failed hands out the map itself, not a copy.
func (r *Relay) Failed() map[string]int {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.failed
}

// ServeHTTP accepts events from senders.
func (r *Relay) ServeHTTP(w http.ResponseWriter, req *http.Request) {
	e, err := readEvent(req.Body)
	switch {
	case errors.Is(err, errTooLarge):
		http.Error(w, err.Error(), http.StatusRequestEntityTooLarge)
		return
	case err != nil:
		http.Error(w, "bad event", http.StatusBadRequest)
		return
	}
	if err := r.Enqueue(e); err != nil {
		w.Header().Set("Retry-After", "10")
		http.Error(w, err.Error(), http.StatusServiceUnavailable)
		return
	}
	w.WriteHeader(http.StatusAccepted)
}

func readEvent(body io.Reader) (Event, error) {
	var e Event
	raw, err := io.ReadAll(io.LimitReader(body, maxBody+1))
	if err != nil {
		return e, err
	}
	if len(raw) > maxBody {
		return e, errTooLarge
	}
	return e, json.Unmarshal(raw, &e)
}
