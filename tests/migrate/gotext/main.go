// Renders templates with Go's own engine: one JSON object a line in, one out.
package main

import (
	"bufio"
	"bytes"
	"encoding/json"
	"os"
	"strings"
	"text/template"
)

type request struct {
	Template string
	Data     string
}

type answer struct {
	Out   string `json:"out"`
	Error string `json:"error"`
}

func main() {
	lines := bufio.NewScanner(os.Stdin)
	lines.Buffer(nil, 1<<26)
	out := json.NewEncoder(os.Stdout)
	for lines.Scan() {
		var asked request
		if err := json.Unmarshal(lines.Bytes(), &asked); err != nil {
			panic(err)
		}
		out.Encode(render(asked))
	}
}

func render(asked request) answer {
	decoder := json.NewDecoder(strings.NewReader(asked.Data))
	decoder.UseNumber()
	var data any
	if err := decoder.Decode(&data); err != nil {
		panic(err)
	}
	parsed, err := template.New("t").Parse(asked.Template)
	if err != nil {
		return answer{Error: err.Error()}
	}
	var out bytes.Buffer
	if err := parsed.Execute(&out, typed(data)); err != nil {
		return answer{Error: err.Error()}
	}
	return answer{Out: out.String()}
}

// typed gives numbers the types that a YAML reader gives them.
func typed(value any) any {
	switch value := value.(type) {
	case json.Number:
		if whole, err := value.Int64(); err == nil {
			return int(whole)
		}
		number, _ := value.Float64()
		return number
	case map[string]any:
		for key, child := range value {
			value[key] = typed(child)
		}
	case []any:
		for index, child := range value {
			value[index] = typed(child)
		}
	}
	return value
}
