;; Finds cut candidates (see candidates.ts) with SIMD, four stretches of the data side by side.
;;
;; Let G(p) = rotl(G(p-1), 1) xor T[b(p)]: buzhash without a window, where no byte ever leaves. All of it is linear over
;; xor, and what G(p) holds of the bytes before the window is G(p-48), turned on by 48 bits, that is by 16 of 32.
;; So the hash of the 48 bytes up to p is
;;
;;     h(p) = G(p) xor rotl(G(p-48), 16)
;;
;; which takes one look-up for a byte instead of two and a rotation that is one shuffle. G depends on its predecessor,
;; therefore the four lanes of a vector do not hold neighbours, but one position in each quarter of the block.
;; What G starts with is of no matter, since it cancels out. The first 48 steps, over the bytes before each quarter,
;; fill the ring, and what they find is ignored.
;;
;; scan_kernel.ts holds this module assembled; a test compares the two.
(module
  ;; 0x00000  the 256 words T, written by scan_kernel.ts
  ;; 0x00400  a ring of 48 vectors: the G of the last 48 steps
  ;; 0x007d0  the 48 bytes before the block, the first of which has no influence
  ;; 0x00800  the block, up to 24576 bytes
  ;; 0x07000  the positions found, up to 24576
  ;; 0x1f000  the turns of the loop that the filter let through, up to 1536 of 80 bytes: where the first quarter was
  ;;          then, 12 bytes unused, the hashes of the four steps
  (memory (export "memory") 4)

  ;; Scans a block of 4 * $quarter bytes, $quarter being a multiple of 48 from 48 to 6144; the other three are those
  ;; of a Divisor. Returns how many candidates there are. Their positions, 1 to 4 * $quarter, stand at 0x7000 then,
  ;; ascending.
  (func (export "scan")
    (param $quarter i32) (param $d i32) (param $factor i32) (param $threshold i32) (result i32)
    (local $p0 i32) (local $p1 i32) (local $p2 i32) (local $p3 i32) ;; the next byte of each quarter
    (local $end i32) ;; of the first quarter
    (local $slot i32) ;; in the ring
    (local $turn i32) (local $turns i32) ;; a turn that was let through, and where they end
    (local $g v128)
    (local $h0 v128) (local $h1 v128) (local $h2 v128) (local $h3 v128) ;; the hashes of four steps
    (local $factors v128) (local $addends v128) (local $thresholds v128)
    (local $hash i32) (local $at i32) (local $lane i32) (local $step i32) (local $list i32)

    (local.set $p0 (i32.const 0x07d0))
    (local.set $p1 (i32.add (local.get $p0) (local.get $quarter)))
    (local.set $p2 (i32.add (local.get $p1) (local.get $quarter)))
    (local.set $p3 (i32.add (local.get $p2) (local.get $quarter)))
    (local.set $end (i32.add (i32.const 0x0800) (local.get $quarter)))
    (local.set $turns (i32.const 0x1f000))
    ;; The filter is (hash + 1) * factor <= threshold, unsigned. Engines compare signed numbers with fewer instructions,
    ;; which comes to the same with the highest bit of both sides turned over.
    (local.set $factors (i32x4.splat (local.get $factor)))
    (local.set $addends (i32x4.splat (i32.xor (local.get $factor) (i32.const 0x80000000))))
    (local.set $thresholds (i32x4.splat (i32.xor (local.get $threshold) (i32.const 0x80000000))))

    (loop $around
      (local.set $slot (i32.const 0x0400))
      (loop $steps ;; four at a time, with one comparison for the sixteen hashes
        (local.set $h0 (v128.load (local.get $slot)))
        (local.set $g
          (v128.xor
            (v128.xor
              (i32x4.shl (local.get $g) (i32.const 1))
              (i32x4.shr_u (local.get $g) (i32.const 31)))
            (v128.load32_lane 3 (i32.shl (i32.load8_u (local.get $p3)) (i32.const 2))
              (v128.load32_lane 2 (i32.shl (i32.load8_u (local.get $p2)) (i32.const 2))
                (v128.load32_lane 1 (i32.shl (i32.load8_u (local.get $p1)) (i32.const 2))
                  (v128.load32_zero (i32.shl (i32.load8_u (local.get $p0)) (i32.const 2))))))))
        (v128.store (local.get $slot) (local.get $g))
        (local.set $h0
          (v128.xor (local.get $g)
            (i8x16.shuffle 2 3 0 1 6 7 4 5 10 11 8 9 14 15 12 13 (local.get $h0) (local.get $h0))))

        (local.set $h1 (v128.load offset=16 (local.get $slot)))
        (local.set $g
          (v128.xor
            (v128.xor
              (i32x4.shl (local.get $g) (i32.const 1))
              (i32x4.shr_u (local.get $g) (i32.const 31)))
            (v128.load32_lane 3 (i32.shl (i32.load8_u offset=1 (local.get $p3)) (i32.const 2))
              (v128.load32_lane 2 (i32.shl (i32.load8_u offset=1 (local.get $p2)) (i32.const 2))
                (v128.load32_lane 1 (i32.shl (i32.load8_u offset=1 (local.get $p1)) (i32.const 2))
                  (v128.load32_zero (i32.shl (i32.load8_u offset=1 (local.get $p0)) (i32.const 2))))))))
        (v128.store offset=16 (local.get $slot) (local.get $g))
        (local.set $h1
          (v128.xor (local.get $g)
            (i8x16.shuffle 2 3 0 1 6 7 4 5 10 11 8 9 14 15 12 13 (local.get $h1) (local.get $h1))))

        (local.set $h2 (v128.load offset=32 (local.get $slot)))
        (local.set $g
          (v128.xor
            (v128.xor
              (i32x4.shl (local.get $g) (i32.const 1))
              (i32x4.shr_u (local.get $g) (i32.const 31)))
            (v128.load32_lane 3 (i32.shl (i32.load8_u offset=2 (local.get $p3)) (i32.const 2))
              (v128.load32_lane 2 (i32.shl (i32.load8_u offset=2 (local.get $p2)) (i32.const 2))
                (v128.load32_lane 1 (i32.shl (i32.load8_u offset=2 (local.get $p1)) (i32.const 2))
                  (v128.load32_zero (i32.shl (i32.load8_u offset=2 (local.get $p0)) (i32.const 2))))))))
        (v128.store offset=32 (local.get $slot) (local.get $g))
        (local.set $h2
          (v128.xor (local.get $g)
            (i8x16.shuffle 2 3 0 1 6 7 4 5 10 11 8 9 14 15 12 13 (local.get $h2) (local.get $h2))))

        (local.set $h3 (v128.load offset=48 (local.get $slot)))
        (local.set $g
          (v128.xor
            (v128.xor
              (i32x4.shl (local.get $g) (i32.const 1))
              (i32x4.shr_u (local.get $g) (i32.const 31)))
            (v128.load32_lane 3 (i32.shl (i32.load8_u offset=3 (local.get $p3)) (i32.const 2))
              (v128.load32_lane 2 (i32.shl (i32.load8_u offset=3 (local.get $p2)) (i32.const 2))
                (v128.load32_lane 1 (i32.shl (i32.load8_u offset=3 (local.get $p1)) (i32.const 2))
                  (v128.load32_zero (i32.shl (i32.load8_u offset=3 (local.get $p0)) (i32.const 2))))))))
        (v128.store offset=48 (local.get $slot) (local.get $g))
        (local.set $h3
          (v128.xor (local.get $g)
            (i8x16.shuffle 2 3 0 1 6 7 4 5 10 11 8 9 14 15 12 13 (local.get $h3) (local.get $h3))))

        (if
          (i32.ne (i32.const 15)
            (i32x4.bitmask
              (i32x4.gt_s
                (i32x4.min_s
                  (i32x4.min_s
                    (i32x4.add (i32x4.mul (local.get $h0) (local.get $factors)) (local.get $addends))
                    (i32x4.add (i32x4.mul (local.get $h1) (local.get $factors)) (local.get $addends)))
                  (i32x4.min_s
                    (i32x4.add (i32x4.mul (local.get $h2) (local.get $factors)) (local.get $addends))
                    (i32x4.add (i32x4.mul (local.get $h3) (local.get $factors)) (local.get $addends))))
                (local.get $thresholds))))
          (then
            (if (i32.ge_u (local.get $p0) (i32.const 0x0800))
              (then
                ;; Judged after the loop, where it does not cost the loop its registers.
                (i32.store (local.get $turns) (local.get $p0))
                (v128.store offset=16 (local.get $turns) (local.get $h0))
                (v128.store offset=32 (local.get $turns) (local.get $h1))
                (v128.store offset=48 (local.get $turns) (local.get $h2))
                (v128.store offset=64 (local.get $turns) (local.get $h3))
                (local.set $turns (i32.add (local.get $turns) (i32.const 80)))))))

        (local.set $p0 (i32.add (local.get $p0) (i32.const 4)))
        (local.set $p1 (i32.add (local.get $p1) (i32.const 4)))
        (local.set $p2 (i32.add (local.get $p2) (i32.const 4)))
        (local.set $p3 (i32.add (local.get $p3) (i32.const 4)))
        (local.set $slot (i32.add (local.get $slot) (i32.const 64)))
        (br_if $steps (i32.lt_u (local.get $slot) (i32.const 0x0700))))
      (br_if $around (i32.lt_u (local.get $p0) (local.get $end))))

    ;; The exact test, quarter by quarter, so that the positions ascend.
    (local.set $list (i32.const 0x7000))
    (loop $lanes
      (local.set $turn (i32.const 0x1f000))
      (block $judged
        (loop $judging
          (br_if $judged (i32.eq (local.get $turn) (local.get $turns)))
          (local.set $step (i32.const 0))
          (loop $hashes
            (local.set $hash
              (i32.load offset=16
                (i32.add (local.get $turn)
                  (i32.add
                    (i32.shl (local.get $step) (i32.const 4))
                    (i32.shl (local.get $lane) (i32.const 2))))))
            (if (i32.eq (i32.rem_u (local.get $hash) (local.get $d)) (i32.sub (local.get $d) (i32.const 1)))
              (then
                ;; The position is just past the byte.
                (local.set $at (i32.sub (i32.load (local.get $turn)) (i32.const 0x07ff)))
                (i32.store (local.get $list)
                  (i32.add
                    (i32.add (local.get $at) (local.get $step))
                    (i32.mul (local.get $lane) (local.get $quarter))))
                (local.set $list (i32.add (local.get $list) (i32.const 4)))))
            (local.set $step (i32.add (local.get $step) (i32.const 1)))
            (br_if $hashes (i32.lt_u (local.get $step) (i32.const 4))))
          (local.set $turn (i32.add (local.get $turn) (i32.const 80)))
          (br $judging)))
      (local.set $lane (i32.add (local.get $lane) (i32.const 1)))
      (br_if $lanes (i32.lt_u (local.get $lane) (i32.const 4))))
    (i32.shr_u (i32.sub (local.get $list) (i32.const 0x7000)) (i32.const 2))))
