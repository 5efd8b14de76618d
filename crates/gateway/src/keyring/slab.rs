//! The keys' places: an immutable table of keys and the bitmaps of the usable ones, replaced as a whole when keys come or go.

use std::sync::Arc;

use domain::pick::Ring;

use super::key::PoolKey;

/// Keys a chunk holds. A change copies the pointers of the chunks it touches, not those of the whole pool.
const CHUNK: usize = 1024;

type Chunk = Vec<Option<Arc<PoolKey>>>;

/// What a pick reads.
#[derive(Clone, Debug)]
pub(super) struct Slab {
    chunks: Vec<Arc<Chunk>>,
    /// Keys that can serve any model that is not listed below.
    pub(super) usable: Arc<Ring>,
    /// Models for which some key rests, with the keys that can serve them. Short: see [`super::rests::MAX_MODELS`].
    pub(super) by_model: Vec<(Arc<str>, Arc<Ring>)>,
}

impl Default for Slab {
    fn default() -> Self {
        Self { chunks: Vec::new(), usable: Arc::new(Ring::new(0)), by_model: Vec::new() }
    }
}

impl Slab {
    /// The usable keys for a request that asks for `model`.
    pub(super) fn ring(&self, model: Option<&str>) -> &Ring {
        let special = model.and_then(|model| self.by_model.iter().find(|(name, _)| **name == *model));
        special.map_or(&self.usable, |(_, ring)| ring)
    }

    /// The key in a place, unless it has left.
    pub(super) fn key(&self, slot: usize) -> Option<&Arc<PoolKey>> {
        self.chunks.get(slot / CHUNK)?.get(slot % CHUNK)?.as_ref()
    }

    /// All keys, in the order of their places.
    pub(super) fn keys(&self) -> impl Iterator<Item = &Arc<PoolKey>> {
        self.chunks.iter().flat_map(|chunk| chunk.iter().flatten())
    }

    /// Puts a key into a place, making room as needed. The bitmaps are the caller's business.
    pub(super) fn put(&mut self, slot: usize, key: Option<Arc<PoolKey>>) {
        while self.chunks.len() <= slot / CHUNK {
            self.chunks.push(Arc::new(vec![None; CHUNK]));
        }
        let place = self.chunks.get_mut(slot / CHUNK).and_then(|chunk| Arc::make_mut(chunk).get_mut(slot % CHUNK));
        if let Some(place) = place {
            *place = key;
        }
    }

    /// Makes the bitmaps as large as the table.
    pub(super) fn fit_rings(&mut self) {
        let capacity = self.chunks.len() * CHUNK;
        for ring in std::iter::once(&mut self.usable).chain(self.by_model.iter_mut().map(|(_, ring)| ring)) {
            if ring.capacity() < capacity {
                // Twice the room, so that a pool that grows key by key copies its bitmap rarely.
                *ring = Arc::new(ring.resized(capacity.max(ring.capacity() * 2)));
            }
        }
    }
}
