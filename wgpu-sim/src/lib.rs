//! The simulator: an integer CPU engine and its WGSL twin.
