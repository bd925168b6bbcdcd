package main

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"slices"
	"strconv"
	"strings"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/cri-streaming/pkg/streaming/portforward"
	"k8s.io/cri-streaming/pkg/streaming/remotecommand"
	"sigs.k8s.io/kwok/pkg/apis/v1alpha1"
)

const nothingRuns = "Nothing runs in this pod: it is simulated by the meshctl sandbox.\n"

func (k *kubelet) portForward(w http.ResponseWriter, request *http.Request) {
	options, err := portforward.NewV4Options(request)
	if err != nil {
		fail(w, &failure{http.StatusBadRequest, err.Error()})
		return
	}
	pod, err := k.pod(request.Context(), request.PathValue("namespace"), request.PathValue("pod"))
	if err != nil {
		fail(w, err)
		return
	}
	forwarder := &forwarder{k, pod.Namespace, pod.Name}
	portforward.ServePortForward(w, request, forwarder, pod.Name, string(pod.UID), options, idleTimeout,
		remotecommand.DefaultStreamCreationTimeout, portforward.SupportedProtocols)
}

// forwarder leads to the address that a PortForward object of the pod's name gives for the port, and otherwise answers
// HTTP itself.
type forwarder struct {
	kubelet         *kubelet
	namespace, name string
}

func (f *forwarder) PortForward(ctx context.Context, _, _ string, port int32, stream io.ReadWriteCloser) error {
	defer stream.Close()
	target, err := f.target(ctx, port)
	if err != nil {
		return err
	}
	if target == nil {
		return answerHTTP(stream)
	}
	address := net.JoinHostPort(target.Address, strconv.Itoa(int(target.Port)))
	connection, err := (&net.Dialer{}).DialContext(ctx, "tcp", address)
	if err != nil {
		return fmt.Errorf("failed to connect to localhost:%d inside the pod: %w", port, err)
	}
	return tunnel(stream, connection)
}

func (f *forwarder) target(ctx context.Context, port int32) (*v1alpha1.ForwardTarget, error) {
	forward, err := f.kubelet.settings.KwokV1alpha1().PortForwards(f.namespace).Get(ctx, f.name, metav1.GetOptions{})
	if apierrors.IsNotFound(err) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	var common *v1alpha1.ForwardTarget
	for i := range forward.Spec.Forwards {
		entry := &forward.Spec.Forwards[i]
		if slices.Contains(entry.Ports, port) {
			return entry.Target, nil
		}
		if len(entry.Ports) == 0 && common == nil {
			common = entry.Target
		}
	}
	return common, nil
}

// tunnel ends when the pod's side has said all; a client that has said all may still listen.
func tunnel(stream io.ReadWriter, connection net.Conn) error {
	defer connection.Close()
	go func() {
		_, _ = io.Copy(connection, stream)
		if half, ok := connection.(*net.TCPConn); ok {
			_ = half.CloseWrite()
		}
	}()
	_, err := io.Copy(stream, connection)
	return err
}

// answerHTTP is what is behind every port of a pod where nothing runs.
func answerHTTP(stream io.ReadWriter) error {
	reader := bufio.NewReader(stream)
	for {
		request, err := http.ReadRequest(reader)
		if err != nil {
			return nil
		}
		_, _ = io.Copy(io.Discard, request.Body)
		answer := &http.Response{
			StatusCode:    http.StatusOK,
			ProtoMajor:    1,
			ProtoMinor:    1,
			Request:       request,
			Header:        http.Header{"Content-Type": {"text/plain"}},
			ContentLength: int64(len(nothingRuns)),
			Body:          io.NopCloser(strings.NewReader(nothingRuns)),
			Close:         request.Close,
		}
		if err := answer.Write(stream); err != nil || request.Close {
			return err
		}
	}
}
