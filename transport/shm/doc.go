// Package shm carries bytes between two processes of one user in shared memory: addresses shm:NAME.
//
// A connection begins as one over a private Unix socket, local:NAME.shm, which proves the user of either end and stays
// open: it is the doorbell for a side that sleeps, its end is the connection's, and what memory is too short for goes
// over it.
//
// # Memory
//
// Each side makes the memory it writes, seals its size, and passes a descriptor that is good for reading alone. So every
// word has one writer, and a process can spoil only what it says itself. What is read there is loaded once and bounded
// before it is used; frames are copied before they are looked at.
//
//	header page   words of the owner: sleep, done, cpu, live; each in a pair of cache lines
//	ring          slots of 128 bytes: u64 (low half: kind and length; high half: number of the slot), then 120 bytes
//	arena         the bytes of frames that are longer than that
//
// A frame is published by storing its slot's word, whose number tells it from that of the last lap. Several frames are
// published at once by storing the word of the first one last. The reader stores in its own memory how many slots it is
// done with; what they held in the arena is then free as well.
//
// # Waiting
//
// A reader polls for a moment if the other side runs on another CPU, yields if it shares ours, and then sleeps on the
// socket after saying so in its sleep word; whoever publishes something rings once for each sleep.
//
// # Memory that is short
//
// Pages are reserved before they are touched. Without them, and before there is a need for them, frames go over the
// socket, in order with those in the ring. They are given back when the connection is idle.
package shm
