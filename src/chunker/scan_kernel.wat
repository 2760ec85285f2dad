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
  ;; 0x0000  the 256 words T, written by scan_kernel.ts
  ;; 0x0400  a ring of 48 vectors: the G of the last 48 steps
  ;; 0x07d0  the 48 bytes before the block, the first of which has no influence
  ;; 0x0800  the block, up to 24576 bytes
  ;; 0x7000  four lists of up to 6144 positions each, 0x6000 bytes apart
  (memory (export "memory") 2)

  ;; Appends a position to the list that ends at $list if its hash is d - 1 modulo d; returns where the list ends then.
  ;; $at is the address of the window's last byte.
  (func $take (param $hash i32) (param $d i32) (param $at i32) (param $list i32) (result i32)
    (if (i32.ne (i32.rem_u (local.get $hash) (local.get $d)) (i32.sub (local.get $d) (i32.const 1)))
      (then (return (local.get $list))))
    (i32.store (local.get $list) (i32.sub (local.get $at) (i32.const 0x07ff)))
    (i32.add (local.get $list) (i32.const 4)))

  ;; Scans a block of 4 * $quarter bytes, $quarter being a multiple of 48 from 48 to 6144; the other three are those
  ;; of a Divisor. Returns how many candidates there are. Their positions, 1 to 4 * $quarter, stand at 0x7000 then,
  ;; ascending.
  (func (export "scan")
    (param $quarter i32) (param $d i32) (param $factor i32) (param $threshold i32) (result i32)
    (local $p0 i32) (local $p1 i32) (local $p2 i32) (local $p3 i32) ;; the next byte of each quarter
    (local $list0 i32) (local $list1 i32) (local $list2 i32) (local $list3 i32) ;; where the list of each ends
    (local $end i32) ;; of the first quarter
    (local $slot i32) ;; in the ring
    (local $g v128)
    (local $ha v128) (local $hb v128) ;; the hashes of this step and the next
    (local $pass v128) ;; all bits set where the filter lets one of them through
    (local $factors v128) (local $thresholds v128) (local $ones v128)

    (local.set $p0 (i32.const 0x07d0))
    (local.set $p1 (i32.add (local.get $p0) (local.get $quarter)))
    (local.set $p2 (i32.add (local.get $p1) (local.get $quarter)))
    (local.set $p3 (i32.add (local.get $p2) (local.get $quarter)))
    (local.set $list0 (i32.const 0x07000))
    (local.set $list1 (i32.const 0x0d000))
    (local.set $list2 (i32.const 0x13000))
    (local.set $list3 (i32.const 0x19000))
    (local.set $end (i32.add (i32.const 0x0800) (local.get $quarter)))
    (local.set $factors (i32x4.splat (local.get $factor)))
    (local.set $thresholds (i32x4.splat (local.get $threshold)))
    (local.set $ones (i32x4.splat (i32.const 1)))

    (loop $around
      (local.set $slot (i32.const 0x0400))
      (loop $steps ;; two at a time: 7 % faster than one, as fast as four
        (local.set $ha (v128.load (local.get $slot)))
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
        (local.set $ha
          (v128.xor (local.get $g)
            (i8x16.shuffle 2 3 0 1 6 7 4 5 10 11 8 9 14 15 12 13 (local.get $ha) (local.get $ha))))

        (local.set $hb (v128.load offset=16 (local.get $slot)))
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
        (local.set $hb
          (v128.xor (local.get $g)
            (i8x16.shuffle 2 3 0 1 6 7 4 5 10 11 8 9 14 15 12 13 (local.get $hb) (local.get $hb))))

        (local.set $pass
          (v128.or
            (i32x4.le_u
              (i32x4.mul (i32x4.add (local.get $ha) (local.get $ones)) (local.get $factors))
              (local.get $thresholds))
            (i32x4.le_u
              (i32x4.mul (i32x4.add (local.get $hb) (local.get $ones)) (local.get $factors))
              (local.get $thresholds))))
        (if (v128.any_true (local.get $pass))
          (then
            (if (i32.ge_u (local.get $p0) (i32.const 0x0800))
              (then
                (local.set $list0
                  (call $take (i32x4.extract_lane 0 (local.get $ha)) (local.get $d)
                    (local.get $p0) (local.get $list0)))
                (local.set $list0
                  (call $take (i32x4.extract_lane 0 (local.get $hb)) (local.get $d)
                    (i32.add (local.get $p0) (i32.const 1)) (local.get $list0)))
                (local.set $list1
                  (call $take (i32x4.extract_lane 1 (local.get $ha)) (local.get $d)
                    (local.get $p1) (local.get $list1)))
                (local.set $list1
                  (call $take (i32x4.extract_lane 1 (local.get $hb)) (local.get $d)
                    (i32.add (local.get $p1) (i32.const 1)) (local.get $list1)))
                (local.set $list2
                  (call $take (i32x4.extract_lane 2 (local.get $ha)) (local.get $d)
                    (local.get $p2) (local.get $list2)))
                (local.set $list2
                  (call $take (i32x4.extract_lane 2 (local.get $hb)) (local.get $d)
                    (i32.add (local.get $p2) (i32.const 1)) (local.get $list2)))
                (local.set $list3
                  (call $take (i32x4.extract_lane 3 (local.get $ha)) (local.get $d)
                    (local.get $p3) (local.get $list3)))
                (local.set $list3
                  (call $take (i32x4.extract_lane 3 (local.get $hb)) (local.get $d)
                    (i32.add (local.get $p3) (i32.const 1)) (local.get $list3)))))))

        (local.set $p0 (i32.add (local.get $p0) (i32.const 2)))
        (local.set $p1 (i32.add (local.get $p1) (i32.const 2)))
        (local.set $p2 (i32.add (local.get $p2) (i32.const 2)))
        (local.set $p3 (i32.add (local.get $p3) (i32.const 2)))
        (local.set $slot (i32.add (local.get $slot) (i32.const 32)))
        (br_if $steps (i32.lt_u (local.get $slot) (i32.const 0x0700))))
      (br_if $around (i32.lt_u (local.get $p0) (local.get $end))))

    ;; One list of the four: each is moved to the end of those before it. From here on $list1 … count bytes.
    (local.set $list1 (i32.sub (local.get $list1) (i32.const 0x0d000)))
    (memory.copy (local.get $list0) (i32.const 0x0d000) (local.get $list1))
    (local.set $list0 (i32.add (local.get $list0) (local.get $list1)))
    (local.set $list2 (i32.sub (local.get $list2) (i32.const 0x13000)))
    (memory.copy (local.get $list0) (i32.const 0x13000) (local.get $list2))
    (local.set $list0 (i32.add (local.get $list0) (local.get $list2)))
    (local.set $list3 (i32.sub (local.get $list3) (i32.const 0x19000)))
    (memory.copy (local.get $list0) (i32.const 0x19000) (local.get $list3))
    (local.set $list0 (i32.add (local.get $list0) (local.get $list3)))
    (i32.shr_u (i32.sub (local.get $list0) (i32.const 0x7000)) (i32.const 2))))
