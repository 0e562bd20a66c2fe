// SPDX-License-Identifier: GPL-2.0-only
/*
 * Built into the kernels that `make behaviour` boots, for what no system call
 * does.  A line written to debugfs:treewide_probe is carried out in the context
 * of the writer; reading gives what the last one returned.
 *
 *   walk OPS START END VALUE  walk_page_range() with the kernel's own operations
 *                             of that name, and a pointer to VALUE as private
 *   poison PFN                what the machine-check handler does for a page
 *                             that the process was reading
 */
#include <linux/debugfs.h>
#include <linux/init.h>
#include <linux/kallsyms.h>
#include <linux/mm.h>
#include <linux/mmap_lock.h>
#include <linux/pagewalk.h>
#include <linux/sched.h>
#include <linux/sched/mm.h>
#include <linux/uaccess.h>

static int probe_result;

static int probe_walk(const char *name, unsigned long start, unsigned long end,
		      unsigned long value)
{
	unsigned long private[8] = { value };
	struct mm_struct *mm = current->mm;
	struct vm_area_struct *vma;
	const struct mm_walk_ops *ops;
	int ret = -ENOMEM;

	ops = (const struct mm_walk_ops *)kallsyms_lookup_name(name);
	if (!ops)
		return -ENOENT;
	mmap_write_lock(mm);
	vma = vma_lookup(mm, start);
	if (vma) {
		vma_start_write(vma);
		ret = walk_page_range(mm, start, end, ops, private);
	}
	mmap_write_unlock(mm);
	return ret;
}

static ssize_t probe_write(struct file *file, const char __user *from,
			   size_t len, loff_t *pos)
{
	char line[160], name[64];
	unsigned long start, end, value;

	if (len >= sizeof(line))
		return -EINVAL;
	if (copy_from_user(line, from, len))
		return -EFAULT;
	line[len] = '\0';
	if (sscanf(line, "walk %63s %lx %lx %lx", name, &start, &end, &value) == 4)
		probe_result = probe_walk(name, start, end, value);
	else if (sscanf(line, "poison %lx", &start) == 1)
		probe_result = memory_failure(start, MF_ACTION_REQUIRED |
					      MF_SW_SIMULATED);
	else
		return -EINVAL;
	return len;
}

static ssize_t probe_read(struct file *file, char __user *to, size_t len,
			  loff_t *pos)
{
	char line[16];
	int n = snprintf(line, sizeof(line), "%d\n", probe_result);

	return simple_read_from_buffer(to, len, pos, line, n);
}

static const struct file_operations probe_fops = {
	.read	= probe_read,
	.write	= probe_write,
};

static int __init probe_init(void)
{
	debugfs_create_file("treewide_probe", 0600, NULL, NULL, &probe_fops);
	return 0;
}
late_initcall(probe_init);
