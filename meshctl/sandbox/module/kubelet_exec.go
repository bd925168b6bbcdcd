package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"time"

	"github.com/creack/pty"
	"k8s.io/cri-streaming/pkg/streaming/remotecommand"
	utilexec "k8s.io/utils/exec"
)

const idleTimeout = 4 * time.Hour // as a kubelet's

func (k *kubelet) exec(w http.ResponseWriter, request *http.Request) {
	options, err := remotecommand.NewOptions(request)
	if err != nil {
		fail(w, &failure{http.StatusBadRequest, err.Error()})
		return
	}
	container, err := k.container(request.Context(), request)
	if err != nil {
		fail(w, err)
		return
	}
	if container.status == nil || container.status.State.Running == nil {
		fail(w, &failure{http.StatusNotFound, fmt.Sprintf("container not found (%q)", container.spec.Name)})
		return
	}
	remotecommand.ServeExec(w, request, &executor{k, container}, container.pod.Name, string(container.pod.UID),
		container.spec.Name, request.URL.Query()["command"], options, idleTimeout,
		remotecommand.DefaultStreamCreationTimeout, remotecommand.SupportedStreamingProtocols)
}

// executor runs commands on this machine, in an empty folder and with the container's variables: there is no container
// to run them in.
type executor struct {
	kubelet   *kubelet
	container *container
}

func (e *executor) ExecInContainer(ctx context.Context, _, _, _ string, command []string, in io.Reader,
	out, errOut io.WriteCloser, tty bool, resize <-chan remotecommand.TerminalSize, _ time.Duration) error {
	process := exec.CommandContext(ctx, command[0], command[1:]...)
	process.Dir = e.kubelet.execFolder
	process.Env = e.environment()
	var err error
	if tty {
		err = runInTerminal(process, in, out, resize)
	} else {
		err = runWithPipes(process, in, out, errOut)
	}
	if ended := (*exec.ExitError)(nil); errors.As(err, &ended) {
		return utilexec.CodeExitError{Err: err, Code: ended.ExitCode()}
	}
	return err
}

func (e *executor) environment() []string {
	variables := append(os.Environ(), "HOSTNAME="+e.container.pod.Name)
	for _, variable := range e.container.spec.Env {
		if variable.ValueFrom == nil && variable.Name != "PATH" {
			variables = append(variables, variable.Name+"="+variable.Value)
		}
	}
	return variables
}

// runWithPipes does not wait for the end of the input once the command has ended.
func runWithPipes(process *exec.Cmd, in io.Reader, out, errOut io.Writer) error {
	process.Stdout, process.Stderr = out, errOut
	if in != nil {
		input, err := process.StdinPipe()
		if err != nil {
			return err
		}
		go func() {
			_, _ = io.Copy(input, in)
			_ = input.Close()
		}()
	}
	return process.Run()
}

// runInTerminal returns when all output is copied: reading a terminal fails once nobody has its other side open.
func runInTerminal(process *exec.Cmd, in io.Reader, out io.Writer, resize <-chan remotecommand.TerminalSize) error {
	terminal, err := pty.Start(process)
	if err != nil {
		return err
	}
	defer terminal.Close()
	go func() {
		for size := range resize {
			_ = pty.Setsize(terminal, &pty.Winsize{Rows: size.Height, Cols: size.Width})
		}
	}()
	if in != nil {
		go func() { _, _ = io.Copy(terminal, in) }()
	}
	_, _ = io.Copy(out, terminal)
	return process.Wait()
}
