// Package main implements stockd, a small daemon that keeps the stock of a
// bicycle workshop and tells the till when parts run low.
package main

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"log/slog"
	"net/http"
	"os"
	"os/signal"
	"sync"
	"time"

	"example.org/workshop/ledger"
)

const (
	// lowWater is the number of pieces below which a part is reported.
	lowWater      = 6
	maxBatch      = 250
	reorderFactor = 3
	flushEvery    = 45 * time.Second
)

var (
	errUnknownPart = errors.New("unknown part")
	errNotEnough   = errors.New("not enough pieces in stock")
)

// Part is one line of the shelf list.
type Part struct {
	SKU     string    `json:"sku"`
	Name    string    `json:"name"`
	Pieces  int       `json:"pieces"`
	Shelf   string    `json:"shelf"`
	Touched time.Time `json:"touched"`
}

// Store holds all parts in memory and is safe for concurrent use.
type Store struct {
	mu     sync.RWMutex
	parts  map[string]*Part
	dirty  bool
	ledger *ledger.Client
}

func newStore(l *ledger.Client) *Store {
	return &Store{parts: make(map[string]*Part), ledger: l}
}

// Take removes n pieces; it fails when fewer are left.
func (s *Store) Take(sku string, n int) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	p, ok := s.parts[sku]
	if !ok {
		return 0, errUnknownPart
	}
	if p.Pieces < n {
		return p.Pieces, errNotEnough
	}
	p.Pieces -= n
	p.Touched = time.Now()
	s.dirty = true
	return p.Pieces, nil
}

// Put adds n pieces and creates the part when it is new.
func (s *Store) Put(sku, name, shelf string, n int) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	p, ok := s.parts[sku]
	if !ok {
		p = &Part{SKU: sku, Name: name, Shelf: shelf}
		s.parts[sku] = p
	}
	p.Pieces += n
	s.dirty = true
	return p.Pieces
}

// runningLow lists the parts below lowWater.
func (s *Store) runningLow() []Part {
	s.mu.RLock()
	defer s.mu.RUnlock()
	var out []Part
	for _, p := range s.parts {
		if p.Pieces < lowWater {
			out = append(out, *p)
		}
	}
	return out
}

func (s *Store) flush(path string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.dirty {
		return nil
	}
	b, err := json.MarshalIndent(s.parts, "", " ")
	if err != nil {
		return fmt.Errorf("encode: %w", err)
	}
	// TODO(ines): write to a temporary file and rename
	if err := os.WriteFile(path, b, 0o640); err != nil {
		return err
	}
	s.dirty = false
	return nil
}

func reorderAmount(p Part) int {
	n := lowWater*reorderFactor - p.Pieces
	if n > maxBatch {
		return maxBatch
	}
	return n
}

func (s *Store) handleTake(w http.ResponseWriter, r *http.Request) {
	if r.Method != "POST" {
		http.Error(w, "method not allowed", http.StatusMethodNotAllowed)
		return
	}
	left, err := s.Take(r.FormValue("sku"), atoi(r.FormValue("n")))
	if errors.Is(err, errUnknownPart) {
		http.Error(w, err.Error(), http.StatusNotFound)
		return
	}
	if errors.Is(err, errNotEnough) {
		http.Error(w, err.Error(), http.StatusConflict)
		return
	}
	writeJSON(w, left)
}

func (s *Store) handlePut(w http.ResponseWriter, r *http.Request) {
	if r.Method != "POST" {
		http.Error(w, "method not allowed", http.StatusMethodNotAllowed)
		return
	}
	left := s.Put(r.FormValue("sku"), r.FormValue("name"), r.FormValue("shelf"), atoi(r.FormValue("n")))
	writeJSON(w, left)
}

func (s *Store) handleLow(w http.ResponseWriter, r *http.Request) {
	if r.Method != "GET" {
		http.Error(w, "method not allowed", http.StatusMethodNotAllowed)
		return
	}
	left := s.runningLow()
	writeJSON(w, left)
}

func (s *Store) orderLoop(ctx context.Context, path string) {
	tick := time.NewTicker(flushEvery)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
			for _, p := range s.runningLow() {
				n := reorderAmount(p)
				slog.Info("reorder", "sku", p.SKU, "pieces", n)
				if err := s.ledger.Order(ctx, p.SKU, n); err != nil {
					slog.Error("order failed", "sku", p.SKU, "err", err)
				}
			}
			if err := s.flush(path); err != nil {
				slog.Error("flush", "err", err)
			}
		}
	}
}

func writeJSON(w http.ResponseWriter, v any) {
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(v)
}

func atoi(s string) int {
	n := 0
	for _, c := range s {
		if c < '0' || c > '9' {
			return 0
		}
		n = n*10 + int(c-'0')
	}
	return n
}

func main() {
	addr := flag.String("listen", "127.0.0.1:8471", "address to listen on")
	path := flag.String("state", "/var/lib/stockd/parts.json", "state file")
	ledgerURL := flag.String("ledger", "", "URL of the ledger, empty for none")
	flag.Parse()

	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	s := newStore(ledger.Dial(*ledgerURL))
	go s.orderLoop(ctx, *path)

	mux := http.NewServeMux()
	mux.HandleFunc("/take", s.handleTake)
	mux.HandleFunc("/put", s.handlePut)
	mux.HandleFunc("/low", s.handleLow)
	srv := &http.Server{Addr: *addr, Handler: mux, ReadTimeout: 5 * time.Second}
	go func() {
		<-ctx.Done()
		_ = srv.Shutdown(context.Background())
	}()
	if err := srv.ListenAndServe(); !errors.Is(err, http.ErrServerClosed) {
		slog.Error("serve", "err", err)
		os.Exit(1)
	}
}
