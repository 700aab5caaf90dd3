//! Work on many things that do not know of each other, on all processors at once. What comes out is the same in any order.

use std::num::NonZero;
use std::thread;

/// Fewer things are not worth a thread.
const FEW: usize = 16;

/// Does some work on all things, in as many parts as there are processors.
pub(super) fn side_by_side<T: Send>(things: &mut [T], work: impl Fn(&mut [T]) + Sync) {
    let workers = thread::available_parallelism().map_or(1, NonZero::get);
    if workers == 1 || things.len() < FEW {
        return work(things);
    }
    let each = things.len().div_ceil(workers);
    thread::scope(|scope| {
        for part in things.chunks_mut(each) {
            let work = &work;
            scope.spawn(move || work(part));
        }
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn everything_is_done_once() {
        for count in [0, 1, FEW - 1, FEW, 101] {
            let mut things = vec![0; count];
            side_by_side(&mut things, |part| part.iter_mut().for_each(|thing| *thing += 1));
            assert!(things.iter().all(|thing| *thing == 1), "{count}");
        }
    }
}
