package main

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"time"
)

// A deed is what is done to a process.
type deed uint8

const (
	deedKill deed = iota
	deedStart
	deedStop
	deedContinue
)

func (d deed) String() string { return [...]string{"kill", "start", "stop", "continue"}[d] }

// A role names a process of a run.
type role struct {
	server bool
	index  int
}

func (r role) String() string {
	if r.server {
		return fmt.Sprintf("server %d", r.index)
	}
	return fmt.Sprintf("client %d", r.index)
}

// A strike is one thing that is done, and when: from the start of the load.
type strike struct {
	at   time.Duration
	what deed
	who  role
}

func (s strike) String() string { return fmt.Sprintf("%v %v", s.what, s.who) }

// A schedule is how strikes are drawn.
type schedule struct {
	seed             uint64
	servers, clients int
	kills            int           // end after so many; 0: any number
	length           time.Duration // end after that; 0: when kills says so
	every            time.Duration // mean time between two strikes
	longest          time.Duration // a process is stopped for that long at most
	stops            bool          // whether processes can be stopped
}

const (
	planFirst   = 300 * time.Millisecond // load before the first strike
	planDown    = 300 * time.Millisecond // a killed process stays away for that long at most
	planShort   = 20 * time.Millisecond  // the shortest stop
	planKills   = 60                     // of 100 strikes so many kill,
	planFrozen  = 15                     // so many stop and then kill, the others stop and continue
	planAtOnce  = 3                      // one killed process in so many is started again at once
	planMaximum = 1 << 20                // strikes in one run
)

// draw makes the strikes in the order of their times. The same schedule gives the same strikes.
func (s *schedule) draw() []strike {
	rng := rand.New(rand.NewPCG(s.seed, 0))
	upTo := func(d time.Duration) time.Duration {
		return time.Duration(rng.Int64N(int64(d) + 1)).Round(time.Millisecond)
	}
	free := make([]time.Duration, s.servers+s.clients) // when what was done to each is over
	var list []strike
	kills := 0
	for t := planFirst; len(list) < planMaximum; t += s.every/2 + upTo(s.every) {
		if s.kills > 0 && kills == s.kills || s.length > 0 && t >= s.length {
			break
		}
		i, dice := rng.IntN(len(free)), rng.IntN(100)
		hold, down, atOnce := planShort+upTo(s.longest), upTo(planDown), rng.IntN(planAtOnce) == 0
		if free[i] > t {
			continue
		}
		if atOnce {
			down = 0
		}
		who := role{i < s.servers, i}
		if !who.server {
			who.index -= s.servers
		}
		end := t
		kill := dice < planKills+planFrozen || !s.stops
		if s.stops && dice >= planKills {
			list = append(list, strike{t, deedStop, who})
			end += hold
			if !kill {
				list = append(list, strike{end, deedContinue, who})
			}
		}
		if kill {
			kills++
			list = append(list, strike{end, deedKill, who}, strike{end + down, deedStart, who})
			end += down
		}
		free[i] = end + time.Millisecond
	}
	slices.SortStableFunc(list, func(a, b strike) int { return int(a.at - b.at) })
	return list
}
