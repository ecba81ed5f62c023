// Verifies exports of a ledger with Go's golang.org/x/mod/sumdb/note and sumdb/tlog, which know
// nothing of the program that wrote them; then changes one bit in each input and expects refusal.
//
//	verify VKEY OLD NEW PROOF...
//
// OLD and NEW are two exports of one ledger with tiles, OLD the earlier; each PROOF is a
// .tlog-proof with its line beside it in a .json. Last line: "N passed, N failed".
package main

import (
	"bytes"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sort"
	"strconv"
	"strings"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

// Of a tile in C2SP tlog-tiles.
const height = 8

var passed, failed int

// check counts one check, and says what failed.
func check(what string, err error) {
	if err != nil {
		failed++
		fmt.Printf("FAILED %s: %v\n", what, err)
		return
	}
	passed++
	fmt.Printf("ok %s\n", what)
}

// refused expects that each of the changed inputs leads to an error.
func refused(what string, changes int, try func(change int) error) {
	for change := 0; change < changes; change++ {
		if try(change) == nil {
			check(what, fmt.Errorf("change %d of %d is accepted", change, changes))
			return
		}
	}
	if changes == 0 {
		check(what, errors.New("there is nothing to change"))
		return
	}
	check(fmt.Sprintf("%s (%d changes)", what, changes), nil)
}

func flipped(data []byte, place int) []byte {
	changed := append([]byte(nil), data...)
	changed[place] ^= 1 << (place % 8)
	return changed
}

// isCanonical tells whether base64 has no spare bits set: Go's decoder passes over them, so that a
// flipped one would change the text and not what it says.
func isCanonical(text string) bool {
	data, err := base64.StdEncoding.DecodeString(text)
	return err == nil && base64.StdEncoding.EncodeToString(data) == text
}

// openCheckpoint reads a C2SP tlog-checkpoint that one key signed.
func openCheckpoint(signed []byte, key note.Verifier) (tlog.Tree, error) {
	opened, err := note.Open(signed, note.VerifierList(key))
	if err != nil {
		return tlog.Tree{}, err
	}
	for _, signature := range opened.Sigs {
		if !isCanonical(signature.Base64) {
			return tlog.Tree{}, errors.New("a signature has spare bits")
		}
	}
	lines := strings.Split(opened.Text, "\n")
	if len(lines) < 4 || lines[0] != key.Name() {
		return tlog.Tree{}, errors.New("not a checkpoint of this log")
	}
	size, err := strconv.ParseInt(lines[1], 10, 64)
	if err != nil {
		return tlog.Tree{}, err
	}
	root, err := tlog.ParseHash(lines[2])
	return tlog.Tree{N: size, Hash: root}, err
}

// checkProof verifies a C2SP tlog-proof of a line.
func checkProof(text, line []byte, key note.Verifier) error {
	head, signed, found := bytes.Cut(text, []byte("\n\n"))
	if !found {
		return errors.New("no empty line")
	}
	tree, err := openCheckpoint(signed, key)
	if err != nil {
		return err
	}
	lines := strings.Split(string(head), "\n")
	if len(lines) < 2 || lines[0] != "c2sp.org/tlog-proof@v1" || !strings.HasPrefix(lines[1], "index ") {
		return errors.New("not a tlog-proof")
	}
	index, err := strconv.ParseInt(strings.TrimPrefix(lines[1], "index "), 10, 64)
	if err != nil {
		return err
	}
	var proof tlog.RecordProof
	for _, text := range lines[2:] {
		hash, err := tlog.ParseHash(text)
		if err != nil || !isCanonical(text) {
			return errors.New("not a hash")
		}
		proof = append(proof, hash)
	}
	return tlog.CheckRecord(proof, tree.N, tree.Hash, index, tlog.RecordHash(line))
}

// tiles reads an export's tiles, one of them perhaps with a flipped bit.
type tiles struct {
	folder string
	bad    string
	place  int
	used   map[string]int
}

func (t *tiles) Height() int { return height }

func (t *tiles) ReadTiles(wanted []tlog.Tile) ([][]byte, error) {
	var all [][]byte
	for _, tile := range wanted {
		// Go's paths name the height, C2SP's do not.
		path := "tile/" + strings.TrimPrefix(tile.Path(), fmt.Sprintf("tile/%d/", height))
		data, err := os.ReadFile(filepath.Join(t.folder, path))
		if err != nil {
			return nil, err
		}
		t.used[path] = len(data)
		if path == t.bad {
			data = flipped(data, t.place)
		}
		all = append(all, data)
	}
	return all, nil
}

func (t *tiles) SaveTiles([]tlog.Tile, [][]byte) {}

// entries reads the lines of an export from its entry bundles.
func entries(folder string, size int64) ([][]byte, error) {
	var lines [][]byte
	for start := int64(0); start < size; start += 256 {
		tile := tlog.Tile{H: height, L: -1, N: start / 256, W: 256}
		if rest := size - start; rest < 256 {
			tile.W = int(rest)
		}
		path := strings.Replace(tile.Path(), fmt.Sprintf("tile/%d/data/", height), "tile/entries/", 1)
		data, err := os.ReadFile(filepath.Join(folder, path))
		if err != nil {
			return nil, err
		}
		for len(data) > 0 {
			if len(data) < 2 || len(data) < 2+int(binary.BigEndian.Uint16(data)) {
				return nil, fmt.Errorf("%s ends in the middle of an entry", path)
			}
			end := 2 + int(binary.BigEndian.Uint16(data))
			lines = append(lines, data[2:end])
			data = data[end:]
		}
	}
	if int64(len(lines)) != size {
		return nil, fmt.Errorf("%d entries in the bundles, %d were signed for", len(lines), size)
	}
	return lines, nil
}

// checkLines compares every line with its leaf in the tiles, and the tiles with the signed root.
func checkLines(tree tlog.Tree, reader *tiles, lines [][]byte) error {
	hashes := tlog.TileHashReader(tree, reader)
	root, err := tlog.TreeHash(tree.N, hashes)
	if err != nil {
		return err
	}
	if root != tree.Hash {
		return errors.New("the tiles have another root than the checkpoint")
	}
	var indexes []int64
	for n := range lines {
		indexes = append(indexes, tlog.StoredHashIndex(0, int64(n)))
	}
	leaves, err := hashes.ReadHashes(indexes)
	if err != nil {
		return err
	}
	for n, line := range lines {
		if leaves[n] != tlog.RecordHash(line) {
			return fmt.Errorf("entry %d has another leaf than the tile says", n)
		}
	}
	return nil
}

// verifyExport checks one export, and returns what its checkpoint says.
func verifyExport(name, folder string, key note.Verifier) tlog.Tree {
	signed, err := os.ReadFile(filepath.Join(folder, "checkpoint"))
	check(name+": the checkpoint is there", err)
	tree, err := openCheckpoint(signed, key)
	check(fmt.Sprintf("%s: the checkpoint of %d entries is signed", name, tree.N), err)
	refused(name+": a checkpoint with a flipped bit", len(signed), func(place int) error {
		_, err := openCheckpoint(flipped(signed, place), key)
		return err
	})
	lines, err := entries(folder, tree.N)
	check(name+": the bundles hold the entries", err)
	jsonl, err := os.ReadFile(filepath.Join(folder, "entries.jsonl"))
	same := err == nil && bytes.HasPrefix(jsonl, append(bytes.Join(lines, []byte("\n")), '\n'))
	if !same {
		err = errors.New("entries.jsonl and the bundles differ")
	}
	check(name+": entries.jsonl begins with the bundles' entries", err)
	reader := &tiles{folder: folder, used: map[string]int{}}
	check(name+": the tiles lead to the signed root, every entry to its leaf", checkLines(tree, reader, lines))
	var paths []string
	for path := range reader.used {
		paths = append(paths, path)
	}
	sort.Strings(paths)
	for _, path := range paths {
		path := path
		refused(name+": "+path+" with a flipped bit", reader.used[path]/tlog.HashSize, func(hash int) error {
			bad := &tiles{folder: folder, bad: path, place: hash*tlog.HashSize + hash%tlog.HashSize, used: map[string]int{}}
			return checkLines(tree, bad, lines)
		})
	}
	refused(name+": an entry with a flipped bit", len(lines), func(entry int) error {
		changed := append([][]byte(nil), lines...)
		changed[entry] = flipped(lines[entry], entry%len(lines[entry]))
		return checkLines(tree, reader, changed)
	})
	return tree
}

func verifyGrowth(before, after tlog.Tree, folder string) {
	hashes := tlog.TileHashReader(after, &tiles{folder: folder, used: map[string]int{}})
	proof, err := tlog.ProveTree(after.N, before.N, hashes)
	if err == nil {
		err = tlog.CheckTree(proof, after.N, after.Hash, before.N, before.Hash)
	}
	check(fmt.Sprintf("the ledger of %d entries began as that of %d", after.N, before.N), err)
	refused("a consistency proof with a flipped bit", len(proof)*tlog.HashSize, func(place int) error {
		changed := append(tlog.TreeProof(nil), proof...)
		changed[place/tlog.HashSize][place%tlog.HashSize] ^= 1
		return tlog.CheckTree(changed, after.N, after.Hash, before.N, before.Hash)
	})
	refused("an earlier root with a flipped bit", tlog.HashSize, func(place int) error {
		changed := before.Hash
		changed[place] ^= 1
		return tlog.CheckTree(proof, after.N, after.Hash, before.N, changed)
	})
}

func verifyProof(path string, key note.Verifier) {
	name := filepath.Base(path)
	text, err := os.ReadFile(path)
	check(name+": the proof is there", err)
	line, err := os.ReadFile(strings.TrimSuffix(path, ".tlog-proof") + ".json")
	check(name+": the line is there", err)
	check(name+": the line is in the ledger", checkProof(text, line, key))
	refused(name+" with a flipped bit", len(text), func(place int) error {
		return checkProof(flipped(text, place), line, key)
	})
	refused(name+": a line with a flipped bit", len(line), func(place int) error {
		return checkProof(text, flipped(line, place), key)
	})
}

func main() {
	if len(os.Args) < 5 {
		fmt.Fprintln(os.Stderr, "usage: verify VKEY OLD NEW PROOF...")
		os.Exit(2)
	}
	key, err := note.NewVerifier(os.Args[1])
	check("the public key is one of Go's note", err)
	if err == nil {
		before := verifyExport("earlier", os.Args[2], key)
		after := verifyExport("later", os.Args[3], key)
		verifyGrowth(before, after, os.Args[3])
		for _, path := range os.Args[4:] {
			verifyProof(path, key)
		}
	}
	fmt.Printf("%d passed, %d failed\n", passed, failed)
	if failed > 0 {
		os.Exit(1)
	}
}
