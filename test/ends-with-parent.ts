/**
 * For `node --import`, in a process that has a channel to its parent: it ends when the parent does, however that comes
 * about.
 */
process.once('disconnect', () => process.exit());
// The channel by itself is no reason to stay.
process.channel?.unref();
