// Package main runs the parcel tracking server.
//
// It keeps the last known position of every parcel in memory, accepts scans
// from the depots over HTTP and forwards delivered parcels to the billing
// queue.
package main

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"log"
	"net/http"
	"os"
	"os/signal"
	"sort"
	"strings"
	"sync"
	"time"

	"github.com/go-chi/chi/v5"
	"github.com/prometheus/client_golang/prometheus"
)

// maxBody limits the size of a scan request.
const maxBody = 64 << 10

// scanRetention is how long a scan is kept after delivery.
const scanRetention = 36 * time.Hour

var (
	errUnknownParcel = errors.New("unknown parcel")
	errBadDepot      = errors.New("depot code must have four letters")
)

var scansTotal = prometheus.NewCounterVec(
	prometheus.CounterOpts{
		Name: "parcel_scans_total",
		Help: "Scans received by depot.",
	},
	[]string{"depot"},
)

// Status is the state of a parcel.
type Status int

const (
	StatusAnnounced Status = iota
	StatusInTransit
	StatusOutForDelivery
	StatusDelivered
	StatusReturned
)

func (s Status) String() string {
	switch s {
	case StatusAnnounced:
		return "announced"
	case StatusInTransit:
		return "in transit"
	case StatusOutForDelivery:
		return "out for delivery"
	case StatusDelivered:
		return "delivered"
	case StatusReturned:
		return "returned"
	}
	return fmt.Sprintf("status(%d)", int(s))
}

// Scan is one reading of a parcel label in a depot.
type Scan struct {
	Parcel string    `json:"parcel"`
	Depot  string    `json:"depot"`
	At     time.Time `json:"at"`
	Status Status    `json:"status"`
}

// Store holds the scans of all parcels.
type Store struct {
	mu    sync.RWMutex
	scans map[string][]Scan
}

// NewStore returns an empty store.
func NewStore() *Store {
	return &Store{scans: make(map[string][]Scan)}
}

// Add appends a scan; it is safe for concurrent use.
func (s *Store) Add(sc Scan) error {
	if err := checkDepot(sc.Depot); err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.scans[sc.Parcel] = append(s.scans[sc.Parcel], sc)
	return nil
}

// Last returns the newest scan of a parcel.
func (s *Store) Last(parcel string) (Scan, error) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	list := s.scans[parcel]
	if len(list) == 0 {
		return Scan{}, errUnknownParcel
	}
	return newest(list), nil
}

// Purge drops parcels delivered longer than scanRetention ago.
func (s *Store) Purge(now time.Time) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	dropped := 0
	for id, list := range s.scans {
		last := newest(list)
		if last.Status == StatusDelivered && now.Sub(last.At) > scanRetention {
			delete(s.scans, id)
			dropped++
		}
	}
	return dropped
}

// newest picks the scan with the latest time.
func newest(list []Scan) Scan {
	sorted := append([]Scan(nil), list...)
	sort.Slice(sorted, func(i, j int) bool {
		return sorted[i].At.After(sorted[j].At)
	})
	return sorted[0]
}

// checkDepot validates a depot code such as HAMB or WIEN.
func checkDepot(code string) error {
	if len(code) != 4 || strings.ToUpper(code) != code {
		return errBadDepot
	}
	return nil
}

type server struct {
	store *Store
	queue chan<- Scan
}

func (sv *server) routes() http.Handler {
	r := chi.NewRouter()
	r.Post("/scans", sv.handleScan)
	r.Get("/parcels/{id}", sv.handleParcel)
	r.Get("/healthz", func(w http.ResponseWriter, _ *http.Request) {
		fmt.Fprintln(w, "ok")
	})
	return r
}

func (sv *server) handleScan(w http.ResponseWriter, r *http.Request) {
	var sc Scan
	body := http.MaxBytesReader(w, r.Body, maxBody)
	if err := json.NewDecoder(body).Decode(&sc); err != nil {
		writeError(w, http.StatusBadRequest, err)
		return
	}
	if sc.At.IsZero() {
		sc.At = time.Now().UTC()
	}
	if err := sv.store.Add(sc); err != nil {
		writeError(w, http.StatusUnprocessableEntity, err)
		return
	}
	scansTotal.WithLabelValues(sc.Depot).Inc()
	if sc.Status == StatusDelivered {
		sv.queue <- sc
	}
	w.WriteHeader(http.StatusAccepted)
}

func (sv *server) handleParcel(w http.ResponseWriter, r *http.Request) {
	last, err := sv.store.Last(chi.URLParam(r, "id"))
	if errors.Is(err, errUnknownParcel) {
		writeError(w, http.StatusNotFound, err)
		return
	}
	json.NewEncoder(w).Encode(last)
}

func writeError(w http.ResponseWriter, code int, err error) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(code)
	json.NewEncoder(w).Encode(map[string]string{"error": err.Error()})
}

func main() {
	addr := flag.String("addr", ":8470", "address to listen on")
	every := flag.Duration("purge-every", 15*time.Minute, "pause between two purges")
	depth := flag.Int("queue-depth", 256, "capacity of the billing queue")
	flag.Parse()

	prometheus.MustRegister(scansTotal)
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()

	queue := make(chan Scan, *depth)
	store := NewStore()
	go forward(ctx, queue)
	go func() {
		tick := time.NewTicker(*every)
		defer tick.Stop()
		for {
			select {
			case <-ctx.Done():
				return
			case now := <-tick.C:
				log.Printf("purged %d parcels", store.Purge(now))
			}
		}
	}()

	srv := &http.Server{Addr: *addr, Handler: (&server{store, queue}).routes()}
	go srv.ListenAndServe()
	<-ctx.Done()
	srv.Shutdown(context.Background())
}

// forward hands delivered parcels to billing until ctx ends.
func forward(ctx context.Context, in <-chan Scan) {
	for {
		select {
		case <-ctx.Done():
			return
		case sc := <-in:
			log.Printf("billing %s (%s)", sc.Parcel, sc.Status)
		}
	}
}
