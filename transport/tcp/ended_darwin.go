package tcp

// pollRDHUP: this system tells the end of what the other side sends when all has been read.
const pollRDHUP = 0
