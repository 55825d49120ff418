@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3<u32>) {
    lane = id.x;
    if lane >= slice.lanes || load(STATUS) != RUNNING {
        return;
    }
    key = vec2<u32>(slice.seed, replications[lane]);
    buckets = lane * program[LANE_BUCKETS];
    let first = load(NEXT);
    if first == 0u && all(load_wide(AT) == vec2<u32>()) {
        begin();
    }
    // A driver that leaves loops on its own leaves this word as it is. A variable would not do:
    // compilers know that there is no way out of the loop but these.
    store(STATUS, STOPPED);
    var windows = slice.windows;
    loop {
        if failed {
            store(STATUS, FAILED);
            break;
        }
        if !is_less(load_wide(ENDED), goal()) {
            store(STATUS, DONE);
            break;
        }
        if windows == 0u || passes > slice.passes {
            store(STATUS, RUNNING);
            break;
        }
        tally_with(60u);
        advance(first, &windows);
    }
}
