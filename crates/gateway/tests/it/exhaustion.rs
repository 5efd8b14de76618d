//! What the program does when the machine has nothing left: it goes on with what it has, says what is wrong, and recovers by itself.

mod clock;
mod descriptors;
mod disk;
mod memory;
