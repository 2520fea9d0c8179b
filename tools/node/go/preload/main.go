// Command preload fills the data folder of a containerd that does not run: with the images of archives, unpacked for
// the overlayfs snapshotter, in the namespace of the kubelet. It mounts nothing. An import by the containerd of an
// emulated machine gets through 3 MB a second; this leaves nothing to import.
//
//	preload FOLDER ARCHIVE...
package main

import (
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	containerd "github.com/containerd/containerd/v2/client"
	"github.com/containerd/containerd/v2/core/content"
	"github.com/containerd/containerd/v2/core/diff"
	"github.com/containerd/containerd/v2/core/metadata"
	"github.com/containerd/containerd/v2/core/mount"
	"github.com/containerd/containerd/v2/core/snapshots"
	"github.com/containerd/containerd/v2/pkg/archive"
	"github.com/containerd/containerd/v2/pkg/namespaces"
	"github.com/containerd/containerd/v2/plugins/content/local"
	"github.com/containerd/containerd/v2/plugins/snapshots/overlay"
	"github.com/opencontainers/go-digest"
	ocispec "github.com/opencontainers/image-spec/specs-go/v1"
	bolt "go.etcd.io/bbolt"
)

// Namespace of the images that the kubelet sees.
const kubelet = "k8s.io"

const snapshotter = "overlayfs"

func main() {
	if len(os.Args) < 3 {
		fmt.Fprintln(os.Stderr, "usage: preload FOLDER ARCHIVE...")
		os.Exit(2)
	}
	if err := preload(namespaces.WithNamespace(context.Background(), kubelet), os.Args[1], os.Args[2:]); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func preload(ctx context.Context, folder string, archivePaths []string) error {
	db, store, err := openStores(folder)
	if err != nil {
		return err
	}
	defer db.Close()
	if err := store.Init(ctx); err != nil {
		return err
	}
	client, err := containerd.New("", containerd.WithServices(
		containerd.WithContentStore(store.ContentStore()),
		containerd.WithImageStore(metadata.NewImageStore(store)),
		containerd.WithLeasesService(metadata.NewLeaseManager(store)),
		containerd.WithSnapshotters(map[string]snapshots.Snapshotter{snapshotter: store.Snapshotter(snapshotter)}),
		containerd.WithDiffService(&applier{store.ContentStore()}),
	))
	if err != nil {
		return err
	}
	for _, path := range archivePaths {
		if err := unpack(ctx, client, path); err != nil {
			return fmt.Errorf("%s: %w", path, err)
		}
	}
	return nil
}

func unpack(ctx context.Context, client *containerd.Client, archivePath string) error {
	file, err := os.Open(archivePath)
	if err != nil {
		return err
	}
	defer file.Close()
	images, err := client.Import(ctx, file)
	if err != nil {
		return err
	}
	for _, image := range images {
		if err := containerd.NewImage(client, image).Unpack(ctx, snapshotter); err != nil {
			return err
		}
	}
	return nil
}

// openStores makes what containerd's plugins of these names keep in their folders.
func openStores(folder string) (*bolt.DB, *metadata.DB, error) {
	pluginFolder := func(name string) string { return filepath.Join(folder, "io.containerd."+name) }
	blobs, err := local.NewStore(pluginFolder("content.v1.content"))
	if err != nil {
		return nil, nil, err
	}
	layers, err := overlay.NewSnapshotter(pluginFolder("snapshotter.v1." + snapshotter))
	if err != nil {
		return nil, nil, err
	}
	metadataFolder := pluginFolder("metadata.v1.bolt")
	if err := os.MkdirAll(metadataFolder, 0o711); err != nil {
		return nil, nil, err
	}
	db, err := bolt.Open(filepath.Join(metadataFolder, "meta.db"), 0o644, nil)
	if err != nil {
		return nil, nil, err
	}
	return db, metadata.NewDB(db, blobs, map[string]snapshots.Snapshotter{snapshotter: layers}), nil
}

// An applier unpacks layers where the snapshotter keeps them, because only root may mount.
type applier struct{ blobs content.Provider }

// Apply returns the layer as it is uncompressed: the caller compares its digest with the one in the image.
func (a *applier) Apply(ctx context.Context, layer ocispec.Descriptor, mounts []mount.Mount, _ ...diff.ApplyOpt) (ocispec.Descriptor, error) {
	to, parents, err := ownFolder(mounts)
	if err != nil {
		return ocispec.Descriptor{}, err
	}
	blob, err := a.blobs.ReaderAt(ctx, layer)
	if err != nil {
		return ocispec.Descriptor{}, err
	}
	defer blob.Close()
	plain, err := uncompressed(layer, content.NewReader(blob))
	if err != nil {
		return ocispec.Descriptor{}, err
	}
	digester := digest.Canonical.Digester()
	counted := &counter{Reader: io.TeeReader(plain, digester.Hash())}
	opts := []archive.ApplyOpt{archive.WithConvertWhiteout(archive.OverlayConvertWhiteout), archive.WithParents(parents)}
	if os.Geteuid() != 0 {
		opts = append(opts, archive.WithNoSameOwner())
	}
	if _, err := archive.Apply(ctx, to, counted, opts...); err != nil {
		return ocispec.Descriptor{}, err
	}
	// The end of a tar is padding, which is part of the digest.
	if _, err := io.Copy(io.Discard, counted); err != nil {
		return ocispec.Descriptor{}, err
	}
	return ocispec.Descriptor{MediaType: ocispec.MediaTypeImageLayer, Digest: digester.Digest(), Size: counted.size}, nil
}

func uncompressed(layer ocispec.Descriptor, from io.Reader) (io.Reader, error) {
	switch layer.MediaType {
	case ocispec.MediaTypeImageLayer:
		return from, nil
	case ocispec.MediaTypeImageLayerGzip:
		return gzip.NewReader(from)
	}
	return nil, fmt.Errorf("%s is a layer of the type %s, and only tars are unpacked, plain or by gzip", layer.Digest, layer.MediaType)
}

// A counter knows how many bytes were read.
type counter struct {
	io.Reader
	size int64
}

func (c *counter) Read(to []byte) (int, error) {
	n, err := c.Reader.Read(to)
	c.size += int64(n)
	return n, err
}

func (a *applier) Compare(context.Context, []mount.Mount, []mount.Mount, ...diff.Opt) (ocispec.Descriptor, error) {
	return ocispec.Descriptor{}, errors.New("nothing is compared")
}

// ownFolder tells where the files of a new snapshot lie, and those of the layers below it.
func ownFolder(mounts []mount.Mount) (string, []string, error) {
	if len(mounts) != 1 {
		return "", nil, fmt.Errorf("%d mounts for a layer, not one", len(mounts))
	}
	if mounts[0].Type == "bind" {
		return mounts[0].Source, nil, nil
	}
	var own string
	var parents []string
	for _, option := range mounts[0].Options {
		if path, ok := strings.CutPrefix(option, "upperdir="); ok {
			own = path
		} else if paths, ok := strings.CutPrefix(option, "lowerdir="); ok {
			parents = strings.Split(paths, ":")
		}
	}
	if own == "" {
		return "", nil, fmt.Errorf("a mount of the type %s has no folder of its own", mounts[0].Type)
	}
	return own, parents, nil
}
