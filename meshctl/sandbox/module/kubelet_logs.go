package main

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apiserver/pkg/util/flushwriter"
	criapi "k8s.io/cri-api/pkg/apis"
	runtimeapi "k8s.io/cri-api/pkg/apis/runtime/v1"
	crilogs "k8s.io/cri-client/pkg/logs"
	"sigs.k8s.io/kwok/pkg/apis/v1alpha1"
)

// timeFormat is that of a container runtime: always nine digits.
const timeFormat = "2006-01-02T15:04:05.000000000Z07:00"

func (k *kubelet) containerLogs(w http.ResponseWriter, request *http.Request) {
	query := request.URL.Query()
	options, err := logOptions(query)
	if err != nil {
		fail(w, err)
		return
	}
	container, err := k.container(request.Context(), request)
	if err != nil {
		fail(w, err)
		return
	}
	previous := query.Get("previous") == "true"
	file, err := k.logFile(request.Context(), container, previous)
	if err != nil {
		fail(w, err)
		return
	}
	if _, err := os.Stat(file); err != nil {
		fail(w, &failure{http.StatusBadRequest, err.Error()})
		return
	}
	if filepath.Dir(file) == filepath.Dir(k.commonLog) {
		folder, err := os.MkdirTemp("", "meshctl-sandbox-log-")
		if err != nil {
			fail(w, err)
			return
		}
		defer os.RemoveAll(folder)
		if file, err = spokenAt(began(container.status, previous), file, folder); err != nil {
			fail(w, err)
			return
		}
	}
	// The header goes out before the first line does, which may take long to come when the log is followed.
	w.WriteHeader(http.StatusOK)
	stdout := io.Writer(flushwriter.Wrap(w))
	_, _ = stdout.Write(nil)
	stderr := stdout
	switch query.Get("stream") {
	case "Stdout":
		stderr = io.Discard
	case "Stderr":
		stdout = io.Discard
	}
	err = crilogs.ReadLogs(request.Context(), file, container.spec.Name, options, &watcher{k, container, nil}, stdout, stderr)
	if err != nil && request.Context().Err() == nil {
		fmt.Fprintln(w, err)
	}
}

// spokenAt copies a log of the sandbox's own, which all containers share, into the folder: with the times that its lines
// have if the container began to speak at the given one.
func spokenAt(began time.Time, file, folder string) (string, error) {
	content, err := os.ReadFile(file)
	if err != nil {
		return "", err
	}
	lines := strings.SplitAfter(string(content), "\n")
	var shift time.Duration
	for number, line := range lines {
		written, rest, _ := strings.Cut(line, " ")
		at, err := time.Parse(time.RFC3339Nano, written)
		if err != nil {
			continue
		}
		if number == 0 {
			shift = began.Sub(at)
		}
		lines[number] = at.Add(shift).UTC().Format(timeFormat) + " " + rest
	}
	copied := filepath.Join(folder, filepath.Base(file))
	return copied, os.WriteFile(copied, []byte(strings.Join(lines, "")), 0o600)
}

// began is when the container, or with previous the one before it, was started.
func began(status *corev1.ContainerStatus, previous bool) time.Time {
	if status == nil {
		return time.Now()
	}
	states := []corev1.ContainerState{status.State, status.LastTerminationState}
	if previous {
		states = states[1:]
	}
	for _, state := range states {
		if state.Running != nil {
			return state.Running.StartedAt.Time
		}
		if state.Terminated != nil {
			return state.Terminated.StartedAt.Time
		}
	}
	return time.Now()
}

func logOptions(query url.Values) (*crilogs.LogOptions, error) {
	options := &crilogs.LogOptions{Follow: query.Get("follow") == "true", Timestamp: query.Get("timestamps") == "true"}
	numbers := map[string]*int64{}
	for _, name := range []string{"tailLines", "limitBytes", "sinceSeconds"} {
		if text := query.Get(name); text != "" {
			number, err := strconv.ParseInt(text, 10, 64)
			if err != nil || number < 0 {
				return nil, &failure{http.StatusBadRequest, fmt.Sprintf("%s is no number: %q", name, text)}
			}
			numbers[name] = &number
		}
	}
	options.TailLines, options.LimitBytes = numbers["tailLines"], numbers["limitBytes"]
	if seconds := numbers["sinceSeconds"]; seconds != nil {
		options.Since = time.Now().Add(-time.Duration(*seconds) * time.Second)
	}
	if text := query.Get("sinceTime"); text != "" {
		since, err := time.Parse(time.RFC3339Nano, text)
		if err != nil {
			return nil, &failure{http.StatusBadRequest, fmt.Sprintf("sinceTime is no time: %q", text)}
		}
		options.Since = since
	}
	return options, nil
}

// logFile is what the pod's Logs object says, or else the log that all containers have in common; a container that has
// not run yet has none.
func (k *kubelet) logFile(ctx context.Context, c *container, previous bool) (string, error) {
	told, err := k.toldLog(ctx, c)
	if err != nil {
		return "", err
	}
	if previous {
		if told == nil || told.PreviousLogsFile == nil {
			message := fmt.Sprintf("previous terminated container %q in pod %q not found", c.spec.Name, c.pod.Name)
			return "", &failure{http.StatusBadRequest, message}
		}
		return *told.PreviousLogsFile, nil
	}
	if reason := waitsFor(c); reason != "" {
		message := fmt.Sprintf("container %q in pod %q is waiting to start: %s", c.spec.Name, c.pod.Name, reason)
		return "", &failure{http.StatusBadRequest, message}
	}
	if told != nil && told.LogsFile != nil {
		return *told.LogsFile, nil
	}
	return k.commonLog, nil
}

func (k *kubelet) toldLog(ctx context.Context, c *container) (*v1alpha1.Log, error) {
	logs, err := k.settings.KwokV1alpha1().Logs(c.pod.Namespace).Get(ctx, c.pod.Name, metav1.GetOptions{})
	if apierrors.IsNotFound(err) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	var common *v1alpha1.Log
	for i := range logs.Spec.Logs {
		log := &logs.Spec.Logs[i]
		if slices.Contains(log.Containers, c.spec.Name) {
			return log, nil
		}
		if len(log.Containers) == 0 && common == nil {
			common = log
		}
	}
	return common, nil
}

// waitsFor is "" for a container that has run, be it in an earlier life; the words are a kubelet's.
func waitsFor(c *container) string {
	if c.status == nil {
		return "ContainerCreating"
	}
	if c.status.State.Waiting == nil || c.status.LastTerminationState.Terminated != nil {
		return ""
	}
	switch reason := c.status.State.Waiting.Reason; reason {
	case "ErrImagePull":
		return "image can't be pulled"
	case "ImagePullBackOff":
		return "trying and failing to pull image"
	case "":
		return "ContainerCreating"
	default:
		return reason
	}
}

// watcher tells the reader of a followed log when the container has ended, which is when the log ends.
type watcher struct {
	kubelet   *kubelet
	container *container
	criapi.RuntimeService
}

func (w *watcher) ContainerStatus(ctx context.Context, name string, _ bool) (*runtimeapi.ContainerStatusResponse, error) {
	state := runtimeapi.ContainerState_CONTAINER_EXITED
	asked := w.container.pod
	pod, err := w.kubelet.pod(ctx, asked.Namespace, asked.Name)
	if err == nil && pod.UID == asked.UID {
		if now := statusOf(pod, name); now != nil && now.State.Running != nil {
			state = runtimeapi.ContainerState_CONTAINER_RUNNING
		}
	}
	return &runtimeapi.ContainerStatusResponse{Status: &runtimeapi.ContainerStatus{State: state}}, nil
}
